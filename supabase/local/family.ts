/**
 * A family on the local stack, for the demo and the bench: its key dealt and registered, and each guardian
 * with a login of its own and the client library, as an app would have them.
 */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { DealtKey, KeyPackageRegistration } from "../../client/guardian/dealer.ts";
import { Guardian } from "../../client/guardian/guardian.ts";
import { guardianTransport } from "../../client/guardian/guardian_transport.ts";
import type { KeyShare } from "../../client/guardian/key_share.ts";
import type { NonceStore } from "../../client/guardian/stores/nonce_store.ts";
import type { Result, Success } from "../../client/result.ts";
import { FrostSessionManager } from "../../client/sessions/manager.ts";
import { parseSigningPackage, type SigningPackage } from "../../client/guardian/signing_session.ts";
import { invoke, rpc } from "../../client/transport.ts";
import type { StackAddress } from "./stack.ts";
import { signToken } from "./token.ts";

/** Sends the requests of a client; another one can look at them. */
export type Fetch = typeof fetch;

/** A refusal, or a failure of the network, where an answer was needed. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(readonly code: string, message: string) {
    super(`${message} (${code})`);
  }
}

/**
 * The answer of a call that must succeed.
 *
 * @throws {Refused} if it did not.
 */
export function must<Data extends object>(result: Result<Data>): Success<Data> {
  if (result.success) return result;
  throw new Refused(result.code, result.error);
}

/** A client with the stack's secret key: an operator. */
export function operator(stack: StackAddress, fetch?: Fetch): SupabaseClient {
  return createClient(stack.apiUrl, stack.secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch },
  });
}

/** A client that is signed in as a participant, as an app's is. */
export async function clientOf(
  stack: Pick<StackAddress, "apiUrl" | "publishableKey">,
  participant: string,
  family: string,
  global: { fetch?: Fetch } = {},
): Promise<SupabaseClient> {
  const token = await signToken({ participant, family });
  return createClient(stack.apiUrl, stack.publishableKey, {
    accessToken: () => Promise.resolve(token),
    global,
  });
}

/** Registers a dealt key, as an operator. */
export async function registerKey(
  stack: StackAddress,
  registration: KeyPackageRegistration,
): Promise<{ keyPackageId: string; epoch: number }> {
  const body = { ...registration };
  return must(
    await invoke<{ keyPackageId: string; epoch: number }>(
      operator(stack),
      "register-key-package",
      body,
      { safe: true },
    ),
  );
}

/** What a guardian takes part with. */
export interface MemberOptions {
  readonly stack: StackAddress;
  readonly familyId: string;
  readonly keyShare: KeyShare;
  readonly store: NonceStore;
  readonly fetch?: Fetch;
}

function guardianOf(
  { familyId, keyShare, store }: MemberOptions,
  supabase: SupabaseClient,
) {
  return new Guardian({ keyShare, store, transport: guardianTransport(supabase), familyId });
}

/** A guardian, logged in. */
export class Member {
  readonly participant: string;
  /** Acts as this guardian. */
  readonly supabase: SupabaseClient;
  readonly sessions: FrostSessionManager;
  readonly guardian: ReturnType<typeof guardianOf>;

  private constructor(options: MemberOptions, supabase: SupabaseClient) {
    this.participant = options.keyShare.participant_id;
    this.supabase = supabase;
    this.sessions = new FrostSessionManager(this.supabase);
    this.guardian = guardianOf(options, this.supabase);
  }

  /** Signs a guardian's token and logs in with it. */
  static async logIn(options: MemberOptions): Promise<Member> {
    const { stack, familyId, keyShare, fetch } = options;
    return new Member(options, await clientOf(stack, keyShare.participant_id, familyId, { fetch }));
  }

  /** Round one: reads the session, and commits to it. */
  async commit(sessionId: string) {
    const { session } = must(await this.sessions.getSession(sessionId));
    return await this.guardian.commit(session);
  }

  /** Round two: reads the signing package, and answers it. */
  async sign(sessionId: string) {
    const { answer: signingPackage } = must(await this.#readPackage(sessionId));
    return await this.guardian.sign(signingPackage);
  }

  #readPackage(sessionId: string): Promise<Result<{ answer: SigningPackage }>> {
    const args = { p_session_id: sessionId };
    return rpc(this.supabase, "get_signing_package", args, parseSigningPackage, { safe: true });
  }
}

/** Registers a dealt key and logs all its guardians in, each with a store of its own. */
export async function bringUpFamily(
  stack: StackAddress,
  { registration, keyShares }: DealtKey,
  newStore: () => NonceStore,
  fetch?: Fetch,
): Promise<Member[]> {
  await registerKey(stack, registration);
  const { familyId } = registration;
  return await Promise.all(
    keyShares.map((keyShare) =>
      Member.logIn({ stack, familyId, keyShare, store: newStore(), fetch })
    ),
  );
}
