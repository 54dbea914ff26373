import { sql } from "kysely";
import { z } from "zod";
import { SECRET_KEY } from "../keys.ts";
import type { PlatformConnection } from "./connection.ts";
import { liteToken } from "./tokens.ts";

const METADATA = z.record(z.string(), z.unknown());

const ATTRIBUTES = z.strictObject({
  app_metadata: METADATA.optional(),
  user_metadata: METADATA.optional(),
});

/**
 * `auth.admin.updateUserById()`, which Lite does not have: changes a user's metadata, and answers the user. As
 * with Supabase Auth, the keys are merged into those that are there, and `null` removes one.
 */
export async function updateUser(
  connection: PlatformConnection,
  readUser: (token: string) => Promise<Response>,
  request: Request,
  id: string,
): Promise<Response> {
  if (request.headers.get("apikey") !== SECRET_KEY) {
    return refuse(403, "not_admin", "User not allowed: the request needs the secret key");
  }
  const attributes = ATTRIBUTES.safeParse(await request.json().catch(() => undefined));
  if (!attributes.success) {
    return refuse(
      400,
      "validation_failed",
      "The local stack changes app_metadata and user_metadata, both JSON objects, and nothing else of a user",
    );
  }
  const { app_metadata = {}, user_metadata = {} } = attributes.data;
  if (!z.uuid().safeParse(id).success) {
    return refuse(404, "validation_failed", "@id must be an UUID");
  }
  const { rows } = await sql`
    update auth.users set updated_at = now(),
      raw_app_meta_data = ${merged("raw_app_meta_data", app_metadata)},
      raw_user_meta_data = ${merged("raw_user_meta_data", user_metadata)}
    where id = ${id} returning id`.execute(connection.kysely);
  if (rows.length === 0) return refuse(404, "user_not_found", "User not found");
  const claims = { sub: id, role: "authenticated", exp: Math.ceil(Date.now() / 1000) + 60 };
  return await readUser(await liteToken(new TextEncoder().encode(JSON.stringify(claims))));
}

/** The column with the keys of `changes` set, and those that are null removed. */
function merged(column: string, changes: Readonly<Record<string, unknown>>) {
  const removed = Object.keys(changes).filter((key) => changes[key] === null);
  return sql`(coalesce(${sql.ref(column)}, '{}') || ${JSON.stringify(changes)}::jsonb)
    - ${removed}::text[]`;
}

function refuse(code: number, error_code: string, msg: string): Response {
  return Response.json({ code, error_code, msg }, {
    status: code,
    headers: { "X-Sb-Error-Code": error_code },
  });
}
