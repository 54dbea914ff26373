/**
 * Who sends a request, before anything else of it is read: a user by its access token ({@link asUser}), or
 * the service by the project's secret key ({@link asService}). Every refusal says what is wrong with the
 * credential, and none of them what is in it.
 *
 * Tokens are verified here and not by `withSupabase`, which refuses those without `sub`: the database takes
 * them where they name a participant.
 *
 * https://supabase.com/docs/guides/auth/signing-keys
 *
 * @module
 */
import {
  createAdminClient,
  createContextClient,
  extractCredentials,
  resolveEnv,
  verifyCredentials,
} from "@supabase/server/core";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Claims } from "./caller.ts";
import type { Database } from "./database.types.ts";
import { Refusal } from "./errors.ts";
import { isStorable } from "./identifier.ts";
import { verifyToken } from "./token.ts";

/** The data API as `service_role`. */
export type Admin = SupabaseClient<Database>;

/** What a handler gets with a request of the service. */
export interface ServiceContext {
  readonly supabaseAdmin: Admin;
}

/** What a handler gets with a user's request. */
export interface UserContext extends ServiceContext {
  /** The data API as the user. */
  readonly supabase: SupabaseClient<Database>;
  readonly claims: Claims;
}

/** What a handler gets that serves members and the service alike. */
export interface CallerContext extends ServiceContext {
  /** The data API as the caller: the member, or `service_role`. */
  readonly supabase: SupabaseClient<Database>;
  /** Of the member; undefined for the service. */
  readonly claims?: Claims;
}

type Handler<Context> = (request: Request, context: Context) => Promise<Response>;

/**
 * Lets a member's requests through to `next`.
 *
 * @throws {Refusal} `unauthorized`; `internal` if the project lacks keys of the current kind.
 */
export function asUser(next: Handler<UserContext>): (request: Request) => Promise<Response> {
  return async (request) => {
    const { jwks } = environment();
    const token = tokenOf(request);
    const claims = await verifyToken(token, jwks);
    requireMember(claims);
    return await next(request, {
      supabase: createContextClient<Database>({ auth: { token } }),
      supabaseAdmin: createAdminClient<Database>(),
      claims,
    });
  };
}

/**
 * Lets requests with the project's secret key through to `next`.
 *
 * @throws {Refusal} `unauthorized`; `internal` if the project lacks keys of the current kind.
 */
export function asService(next: Handler<ServiceContext>): (request: Request) => Promise<Response> {
  return async (request) => {
    environment();
    const { apikey } = extractCredentials(request);
    const { error } = await verifyCredentials({ token: null, apikey }, { auth: "secret" });
    if (error && error.status !== 401) throw error;
    if (error) throw new Refusal("unauthorized", whyNoSecretKey(apikey));
    return await next(request, { supabaseAdmin: createAdminClient<Database>() });
  };
}

/**
 * Lets members' requests through to `next`, and those with the project's secret key.
 *
 * @throws {Refusal} `unauthorized`; `internal` if the project lacks keys of the current kind.
 */
export function asUserOrService(
  next: Handler<CallerContext>,
): (request: Request) => Promise<Response> {
  const user = asUser(next);
  const service = asService((request, { supabaseAdmin }) =>
    next(request, { supabase: supabaseAdmin, supabaseAdmin })
  );
  return (request) => {
    const { apikey } = extractCredentials(request);
    return apikey?.startsWith("sb_secret_") ? service(request) : user(request);
  };
}

/** What the platform tells the functions about the project. */
function environment() {
  const { data, error } = resolveEnv();
  if (error) throw error;
  const has = (keys: object) => Object.keys(keys).length > 0;
  if (!has(data.publishableKeys) || !has(data.secretKeys)) {
    throw new Refusal(
      "internal",
      "This project has legacy API keys only: create a publishable and a secret key in its settings, under API keys",
    );
  }
  return data;
}

function tokenOf(request: Request): string {
  const { token } = extractCredentials(request);
  if (token === null) {
    throw new Refusal(
      "unauthorized",
      request.headers.has("authorization")
        ? 'The header Authorization must be "Bearer", one space and the access token'
        : 'The access token is missing: send the header "Authorization: Bearer <access token>"',
    );
  }
  if (token.startsWith("sb_")) {
    throw new Refusal(
      "unauthorized",
      "The header Authorization has an API key where the access token of a signed-in user must be",
    );
  }
  return token;
}

function whyNoSecretKey(apikey: string | null): string {
  if (!apikey) return 'The secret key is missing: send it in the header "apikey"';
  if (apikey.startsWith("eyJ")) {
    return 'The header "apikey" has a legacy key where a secret key (sb_secret_…) must be';
  }
  if (apikey.startsWith("sb_publishable_")) {
    return 'The header "apikey" has a publishable key where a secret key (sb_secret_…) must be';
  }
  return 'The key in the header "apikey" is not the default secret key of this project';
}

/** A good token may be of a role that may not do what members may, or of claims that the database cannot read. */
function requireMember(claims: Claims): void {
  if (claims.role !== "authenticated") {
    throw new Refusal("unauthorized", "The access token must be of the role authenticated");
  }
  if (!isStorableThroughout(claims)) {
    throw new Refusal(
      "unauthorized",
      "The access token must not have NUL or lone surrogates in its claims",
    );
  }
}

function isStorableThroughout(value: unknown): boolean {
  const parts = [value];
  // Not by recursion: a user may nest its metadata deeper than the stack.
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (typeof part === "string" && !isStorable(part)) return false;
    if (typeof part === "object" && part !== null) {
      for (const [name, inner] of Object.entries(part)) parts.push(name, inner ?? null);
    }
  }
  return true;
}
