/** What an operator does in the dashboard, and what users of another project have. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createClient } from "@supabase/supabase-js";
import { SignJWT } from "jose";
import type { StackAddress } from "../../local/stack.ts";
import { signToken, type TokenRequest } from "../../local/token.ts";

/** Creates the two users of docs/deployment.md, and says who they are. */
export async function signUpGuardians(stack: StackAddress, password: string): Promise<void> {
  for (const name of ["guardian1", "guardian2"]) {
    await signUp(stack, password, "test-family", name);
  }
}

/** Creates the user `<participant>@example.com`, and says who it is. */
export async function signUp(
  stack: StackAddress,
  password: string,
  family_id: string,
  participant_id: string,
): Promise<void> {
  const client = (key: string) =>
    createClient(stack.apiUrl, key, { auth: { persistSession: false, autoRefreshToken: false } });
  const email = `${participant_id}@example.com`;
  const { data, error } = await client(stack.publishableKey).auth.signUp({ email, password });
  assert.equal(error, null);
  const app_metadata = { family_id, participant_id };
  const { admin } = client(stack.secretKey).auth;
  const updated = await admin.updateUserById(data.user?.id ?? "", { app_metadata });
  assert.equal(updated.error, null);
}

/** The same token as a project signs it that still has its legacy JWT secret. */
export async function signLegacyToken(request: TokenRequest): Promise<string> {
  const [, payload] = (await signToken(request)).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  return await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode("the legacy secret of some project, long enough"));
}
