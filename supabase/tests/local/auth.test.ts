import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { createRemoteJWKSet, jwtVerify, SignJWT } from "jose";
import type { StackAddress } from "../../local/stack.ts";
import { signToken } from "../../local/token.ts";
import { withStack } from "../support/harness.ts";

const CREDENTIALS = { email: "guardian1@example.com", password: "correct horse battery" };

Deno.test("who signs up, is put into a family and refreshes has a token that RPCs and functions take", async () => {
  await withStack(async (stack) => {
    const user = client(stack, stack.publishableKey);
    const signedUp = await user.auth.signUp(CREDENTIALS);
    assert.equal(signedUp.error, null);
    const id = signedUp.data.user?.id ?? "";
    assert.deepEqual((await claims(stack, signedUp.data.session)).sub, id);

    const { admin } = client(stack, stack.secretKey).auth;
    const whose = { family_id: "f", participant_id: "guardian1" };
    await updated(admin.updateUserById(id, { app_metadata: { ...whose, families: { g: "x" } } }));
    const { app_metadata, user_metadata } = await updated(
      admin.updateUserById(id, { app_metadata: { families: null }, user_metadata: { name: "G" } }),
    );
    assert.deepEqual(app_metadata, { provider: "email", providers: ["email"], ...whose });
    assert.equal(user_metadata.name, "G");

    const refreshed = await user.auth.refreshSession();
    const renewed = await claims(stack, refreshed.data.session);
    assert.deepEqual(renewed.app_metadata, app_metadata);
    assert.deepEqual([renewed.aud, renewed.role, renewed.iss], [
      "authenticated",
      "authenticated",
      `${stack.apiUrl}/auth/v1`,
    ]);
    assert.deepEqual(await answers(stack, refreshed.data.session?.access_token ?? ""), TAKEN);
    assert.equal((await user.auth.getUser()).data.user?.id, id);
    assert.equal((await user.auth.getClaims()).data?.claims.sub, id);
    const { data, error } = await user.rpc("list_signing_sessions");
    assert.deepEqual([data, error], [[], null]);

    const again = client(stack, stack.publishableKey);
    const { data: { session } } = await again.auth.signInWithPassword(CREDENTIALS);
    assert.deepEqual((await claims(stack, session)).app_metadata, app_metadata);
    assert.deepEqual(await answers(stack, session?.access_token ?? ""), TAKEN);
  });
});

Deno.test("a link in an e-mail leads to a token of the same kind", async () => {
  await withStack(async (stack) => {
    const user = client(stack, stack.publishableKey);
    const id = (await user.auth.signUp(CREDENTIALS)).data.user?.id ?? "";
    assert.equal((await user.auth.resetPasswordForEmail(CREDENTIALS.email)).error, null);
    const [{ token }] = await stack.database.sql<{ token: string }[]>`
      select recovery_token as token from auth.users where id = ${id}`;
    const response = await fetch(
      `${stack.apiUrl}/auth/v1/verify?type=recovery&token=${token}&apikey=${stack.publishableKey}`,
      { redirect: "manual" },
    );
    await response.body?.cancel();
    const { hash } = new URL(response.headers.get("Location") ?? "");
    const access_token = new URLSearchParams(hash.slice(1)).get("access_token") ?? "";
    const { sub, app_metadata } = await claims(stack, { access_token });
    assert.deepEqual([sub, app_metadata], [id, { provider: "email", providers: ["email"] }]);
  });
});

Deno.test("only the secret key changes a user, and only metadata of a user who is there", async () => {
  await withStack(async (stack) => {
    const member = client(stack, stack.publishableKey);
    const id = (await member.auth.signUp(CREDENTIALS)).data.user?.id ?? "";
    const metadata = { app_metadata: { family_id: "f" } };
    const { admin } = client(stack, stack.secretKey).auth;
    const refusals = [
      await member.auth.admin.updateUserById(id, metadata),
      await admin.updateUserById(crypto.randomUUID(), metadata),
      await admin.updateUserById(id, { email: "another@example.com" }),
    ];
    assert.deepEqual(refusals.map(({ error }) => [error?.status, error?.code]), [
      [403, "not_admin"],
      [404, "user_not_found"],
      [400, "validation_failed"],
    ]);
    const refreshed = await member.auth.refreshSession();
    const { app_metadata } = await claims(stack, refreshed.data.session);
    assert.deepEqual(app_metadata, { provider: "email", providers: ["email"] });
  });
});

Deno.test("a token that is signed with a shared secret is refused, as on a hosted project", async () => {
  await withStack(async (stack) => {
    const whose = { participant: "guardian1", family: "f" };
    const genuine = await signToken(whose);
    assert.deepEqual(await answers(stack, genuine), TAKEN);
    const payload = JSON.parse(atob(genuine.split(".")[1]));
    const legacy = "super-secret-jwt-token-with-at-least-32-characters-long";
    for (const header of [{ alg: "HS256" }, { alg: "HS256", kid: "permafrost-local" }]) {
      const token = await new SignJWT(payload).setProtectedHeader(header)
        .sign(new TextEncoder().encode(legacy));
      assert.deepEqual(await answers(stack, token), { rpc: 401, function: 401 });
    }
    const expired = await signToken({ ...whose, expiresIn: -60 });
    assert.deepEqual(await answers(stack, expired), { rpc: 401, function: 401 });
  });
});

/** What a token that is taken gets: the list of its sessions, and that there is no such session. */
const TAKEN = { rpc: 200, function: 404 };

async function answers({ apiUrl, publishableKey }: StackAddress, token: string) {
  const statusOf = async (path: string, body: object) => {
    const response = await fetch(apiUrl + path, {
      method: "POST",
      headers: {
        apikey: publishableKey,
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify(body),
    });
    await response.body?.cancel();
    return response.status;
  };
  return {
    rpc: await statusOf("/rest/v1/rpc/list_signing_sessions", {}),
    function: await statusOf("/functions/v1/aggregate-signature", { sessionId: "none" }),
  };
}

/** The claims of a session's token, checked against the keys that the stack publishes. */
async function claims({ apiUrl }: StackAddress, session: { access_token: string } | null) {
  const keys = createRemoteJWKSet(new URL("/auth/v1/.well-known/jwks.json", apiUrl));
  return (await jwtVerify(session?.access_token ?? "", keys, { algorithms: ["ES256"] })).payload;
}

async function updated<T>(answer: Promise<{ data: { user: T | null }; error: unknown }>) {
  const { data: { user }, error } = await answer;
  assert.equal(error, null);
  assert.ok(user);
  return user;
}

function client({ apiUrl }: StackAddress, key: string) {
  return createClient(apiUrl, key, { auth: { persistSession: false, autoRefreshToken: false } });
}
