/** The types of what the database answers, held against what it answers. */
import assert from "node:assert/strict";
import { RecoveryRequests } from "../../../client/recovery/requests.ts";
import type { SigningPackage } from "../../../client/guardian/signing_session.ts";
import type {
  FrostSession,
  FrostSessionSummary,
  RecoveryRequest,
  RecoveryRequestSummary,
} from "../../../client/sessions/session.ts";
import type { Transcript, TranscriptEvent } from "../../../client/sessions/transcript_chain.ts";
import { withStack } from "../support/harness.ts";
import { AppFamily, must } from "../support/app_family.ts";
import { asked } from "../support/app_recovery.ts";

/** Every key of a type: one that is missing here, or is too many, does not pass the type check. */
type Keys<T> = Record<keyof T, true>;

const SESSION_SUMMARY: Keys<FrostSessionSummary> = {
  mode: true,
  session_id: true,
  family_id: true,
  message_hash: true,
  event_type: true,
  event_kind: true,
  participants: true,
  threshold: true,
  created_by: true,
  status: true,
  key_package_id: true,
  ciphersuite: true,
  signers: true,
  final_signature: true,
  final_event_id: true,
  error_message: true,
  incarnation: true,
  created_at: true,
  updated_at: true,
  nonce_collection_started_at: true,
  signing_started_at: true,
  aggregating_started_at: true,
  completed_at: true,
  failed_at: true,
  expires_at: true,
  missing_commitments: true,
  missing_signatures: true,
  declined: true,
  can_aggregate: true,
  is_expired: true,
  signable: true,
  signable_reason: true,
  warning: true,
  transcript_head: true,
};

const SESSION: Keys<FrostSession> = {
  quorums: true,
  ...SESSION_SUMMARY,
  event_template: true,
  nonce_commitments: true,
  signature_shares: true,
};

const REQUEST_SUMMARY: Keys<RecoveryRequestSummary> = {
  request_id: true,
  family_id: true,
  message_hash: true,
  event_type: true,
  event_kind: true,
  use_case: true,
  participants: true,
  threshold: true,
  recipient_public_key: true,
  key_package_id: true,
  ciphersuite: true,
  created_by: true,
  status: true,
  final_signature: true,
  final_event_id: true,
  error_message: true,
  incarnation: true,
  created_at: true,
  updated_at: true,
  ready_at: true,
  completed_at: true,
  failed_at: true,
  expires_at: true,
  submitted_guardians: true,
  rejected_guardians: true,
  missing_guardians: true,
  declined: true,
  is_expired: true,
  warning: true,
  transcript_head: true,
};

const REQUEST: Keys<RecoveryRequest> = {
  ...REQUEST_SUMMARY,
  event_template: true,
  key_package: true,
  encrypted_shares: true,
};

const TRANSCRIPT: Keys<Transcript> = {
  subject: true,
  subject_id: true,
  family_id: true,
  transcript_head: true,
  key_package: true,
  events: true,
};

const EVENT: Keys<TranscriptEvent> = {
  seq: true,
  subject: true,
  subject_id: true,
  family_id: true,
  event: true,
  actor: true,
  detail: true,
  occurred_at: true,
  digest: true,
};

/** What `Guardian.sign` reads; a signing package may say more. */
const SIGNING_PACKAGE: Keys<SigningPackage> = {
  session_id: true,
  ciphersuite: true,
  message: true,
  event_template: true,
  threshold: true,
  signers: true,
  commitments: true,
  key_package: true,
  transcript_head: true,
};

const keysOf = (value: object) => Object.keys(value).sort();

Deno.test("answers about sessions have the fields of their types, and no others", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const [ann, bob] = family.members;
    const request = family.eventRequest();
    const { sessionId } = must(await ann.sessions.createSession(request));
    const { session } = must(await ann.sessions.getSession(sessionId));
    assert.deepEqual(keysOf(session), keysOf(SESSION));
    assert.equal(session.event_kind, 1);
    const { sessions } = must(await ann.sessions.listSessions());
    assert.deepEqual(keysOf(sessions[0]), keysOf(SESSION_SUMMARY));
    for (const { guardian } of [ann, bob]) await guardian.commit(session);
    const { data } = await ann.supabase.rpc("get_signing_package", { p_session_id: sessionId });
    const missing = Object.keys(SIGNING_PACKAGE).filter((key) => !(key in data));
    assert.deepEqual(missing, []);
    const args = { p_subject: "session", p_subject_id: sessionId };
    const { data: transcript } = await ann.supabase.rpc("get_transcript", args);
    assert.deepEqual(keysOf(transcript), keysOf(TRANSCRIPT));
    assert.deepEqual(keysOf(transcript.events[0]), keysOf(EVENT));
  });
});

Deno.test("answers about recovery requests have the fields of their types, and no others", async () => {
  await withStack(async (stack) => {
    const family = await AppFamily.found(stack);
    const requests = new RecoveryRequests(family.members[0].supabase);
    const { requestId } = await asked(family);
    const { request } = must(await requests.get(requestId));
    assert.deepEqual(keysOf(request), keysOf(REQUEST));
    assert.deepEqual(keysOf(must(await requests.list()).requests[0]), keysOf(REQUEST_SUMMARY));
  });
});
