/**
 * A family with a key on a running stack: guardians with their devices, each signed in as itself through
 * the real supabase-js.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { dealKey, type DealtKey } from "../../../client/guardian/dealer.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { guardianTransport } from "../../../client/guardian/guardian_transport.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import type { Result, Success } from "../../../client/result.ts";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { eventId, type EventTemplate } from "../../functions/_shared/frost/nostr.ts";
import type { Ciphersuite } from "../../functions/_shared/frost/suites.ts";
import type { StackAddress } from "../../local/stack.ts";
import { signToken } from "../../local/token.ts";
import type { TestDatabase } from "../harness.ts";

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

export interface Family {
  readonly id: string;
  readonly key: DealtKey;
  readonly members: readonly Member[];
  /** A client with the secret key. */
  readonly operator: SupabaseClient;
  /** What a request of this family has to say, with a message of its own each time. */
  request(): {
    familyId: string;
    messageHash: string;
    participants: string[];
    threshold: number;
  };
  /** The same for an event. */
  eventRequest(template?: EventTemplate): ReturnType<Family["request"]> & {
    eventTemplate: EventTemplate;
  };
  /** Both rounds, by the first guardians that suffice; answers the signature. */
  sign(sessionId: string): Promise<string>;
}

/** A supabase-js client that is signed in as a participant, as an app's is. */
export async function clientOf(
  stack: Pick<StackAddress, "apiUrl" | "publishableKey">,
  participant: string,
  family: string,
  global: { fetch?: typeof fetch } = {},
): Promise<SupabaseClient> {
  const token = await signToken({ participant, family });
  return createClient(stack.apiUrl, stack.publishableKey, {
    accessToken: () => Promise.resolve(token),
    global,
  });
}

/** A supabase-js client with the secret key. */
export function operatorOf({ apiUrl, secretKey }: StackAddress): SupabaseClient {
  return createClient(apiUrl, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
}

/** Deals and registers a key, and gives each guardian its share. */
export async function foundFamily(
  stack: StackAddress,
  { participants = ["ann", "bob", "cleo"], threshold = 2, ciphersuite, id = crypto.randomUUID() }: {
    participants?: readonly string[];
    threshold?: number;
    ciphersuite?: Ciphersuite;
    id?: string;
  } = {},
): Promise<Family> {
  const key = dealKey({ familyId: id, threshold, participants, ciphersuite });
  const operator = operatorOf(stack);
  const { error } = await operator.functions.invoke("register-key-package", {
    body: { ...key.registration },
  });
  assert.equal(error, null);
  const members = await Promise.all(key.keyShares.map(async (keyShare) => {
    const supabase = await clientOf(stack, keyShare.participant_id, id);
    const store = new MemoryNonceStore();
    return {
      id: keyShare.participant_id,
      keyShare,
      store,
      supabase,
      sessions: new FrostSessionManager(supabase),
      guardian: new Guardian({
        keyShare,
        store,
        transport: guardianTransport(supabase),
      }),
    };
  }));
  const request = () => ({
    familyId: id,
    messageHash: randomHex(32),
    participants: [...participants],
    threshold,
  });
  return {
    id,
    key,
    members,
    operator,
    request,
    eventRequest(eventTemplate = note()) {
      const messageHash = eventId(eventTemplate, key.registration.groupPublicKey);
      return { ...request(), messageHash, eventTemplate };
    },
    async sign(sessionId) {
      const signers = members.slice(0, threshold);
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
    },
  };
}

/** Both rounds, but for the last step: all shares are there, and nobody makes the signature of them. */
export async function leaveAggregating(
  { members, operator, key }: Family,
  sessionId: string,
): Promise<void> {
  const signers = members.slice(0, key.registration.threshold);
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

/** A short text note, another one each time. */
export function note(): EventTemplate {
  return {
    kind: 1,
    created_at: Math.floor(Date.now() / 1000),
    tags: [["t", "permafrost"]],
    content: `Signed by a threshold of us: "${crypto.randomUUID()}"\n\u2744 é`,
  };
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

export function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Writes to sessions what their triggers would refuse, as an attacker with the database could. */
export async function pastTheGuards(
  { sql }: TestDatabase,
  work: (sql: postgres.TransactionSql) => Promise<unknown>,
): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`alter table frost_signing_sessions disable trigger user`;
    await transaction`alter table sss_signing_requests disable trigger user`;
    await work(transaction);
    await transaction`alter table frost_signing_sessions enable trigger user`;
    await transaction`alter table sss_signing_requests enable trigger user`;
  });
}
