/**
 * A family with a key on a running stack: guardians with their devices, each signed in as itself through
 * the real supabase-js.
 */
import assert from "node:assert/strict";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { guardianTransport } from "../../../client/guardian/guardian_transport.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import type { Result, Success } from "../../../client/result.ts";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import type { StackAddress } from "../../local/stack.ts";
import { clientOf } from "../../local/family.ts";
import { Family, type FamilyOptions } from "./family.ts";

export { clientOf };

/** A guardian and its device. */
export interface Member {
  readonly id: string;
  readonly keyShare: KeyShare;
  readonly store: NonceStore;
  readonly supabase: SupabaseClient;
  readonly sessions: FrostSessionManager;
  readonly guardian: Guardian<
    Awaited<ReturnType<FrostSessionManager["submitNonceCommitment"]>>,
    Awaited<ReturnType<FrostSessionManager["submitPartialSignature"]>>
  >;
}

/** A supabase-js client with the secret key. */
export function operatorOf({ apiUrl, secretKey }: StackAddress): SupabaseClient {
  return createClient(apiUrl, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** A family whose members each use the client library, as an app would. */
export class AppFamily extends Family {
  readonly members: readonly Member[];

  private constructor(
    options: FamilyOptions,
    /** A client with the secret key. */
    readonly operator: SupabaseClient,
    clients: ReadonlyMap<string, SupabaseClient>,
  ) {
    super(options);
    this.members = this.participants.map((id) => {
      const supabase = clients.get(id);
      assert.ok(supabase);
      const keyShare = this.keyShareOf(id);
      const store = new MemoryNonceStore();
      const guardian = new Guardian({ keyShare, store, transport: guardianTransport(supabase) });
      const sessions = new FrostSessionManager(supabase);
      return { id, keyShare, store, supabase, sessions, guardian };
    });
  }

  /** Deals and registers a key, and gives each guardian its share. */
  static async found(stack: StackAddress, options: FamilyOptions = {}): Promise<AppFamily> {
    const { id = crypto.randomUUID(), participants = ["ann", "bob", "cleo"] } = options;
    const operator = operatorOf(stack);
    const clients = new Map<string, SupabaseClient>();
    for (const name of participants) clients.set(name, await clientOf(stack, name, id));
    const family = new AppFamily({ ...options, id, participants }, operator, clients);
    const { error } = await operator.functions.invoke("register-key-package", {
      body: { ...family.key.registration },
    });
    assert.equal(error, null);
    return family;
  }

  /** Both rounds, by the first guardians that suffice; answers the signature. */
  async sign(sessionId: string): Promise<string> {
    const signers = this.members.slice(0, this.threshold);
    for (const { guardian, sessions } of signers) {
      const { session } = must(await sessions.getSession(sessionId));
      must((await guardian.commit(session)).answer);
    }
    let finalSignature: string | undefined;
    for (const { guardian, sessions } of signers) {
      const { signingPackage } = must(await sessions.getSigningPackage(sessionId));
      ({ finalSignature } = must((await guardian.sign(signingPackage)).answer));
    }
    assert.ok(finalSignature, "The last share must finish the session");
    return finalSignature;
  }
}

/** Both rounds, but for the last step: all shares are there, and nobody makes the signature of them. */
export async function leaveAggregating(
  { members, operator, threshold }: AppFamily,
  sessionId: string,
): Promise<void> {
  const signers = members.slice(0, threshold);
  for (const { guardian, sessions } of signers) {
    must((await guardian.commit(must(await sessions.getSession(sessionId)).session)).answer);
  }
  for (const { keyShare, store, sessions } of signers) {
    const record = async (_: string, share: string) => {
      const { error } = await operator.rpc("record_signature_share", {
        p_session_id: sessionId,
        p_participant_id: keyShare.participant_id,
        p_signature_share: share,
      });
      assert.equal(error, null);
    };
    const transport = { submitNonceCommitment: record, submitSignatureShare: record };
    const guardian = new Guardian({ keyShare, store, transport });
    await guardian.sign(must(await sessions.getSigningPackage(sessionId)).signingPackage);
  }
}

/** The data of a success; a failure is the test's. */
export function must<Data extends object>(result: Result<Data>): Success<Data> {
  if (result.success) return result;
  throw new assert.AssertionError({ message: `Expected success, got ${JSON.stringify(result)}` });
}

/** That it failed with this code. */
export function refusedWith(code: string, result: Result<object>): void {
  assert.equal(result.success, false, `Expected ${code}, got ${JSON.stringify(result)}`);
  assert.equal(result.code, code, JSON.stringify(result));
}
