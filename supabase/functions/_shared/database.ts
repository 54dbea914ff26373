/**
 * Answers of the database: what the RPCs return, checked, and what they refuse, thrown.
 *
 * @module
 */
import type { PostgrestSingleResponse } from "@supabase/supabase-js";
import { z } from "zod";
import type { Payload } from "./ceremony/payload.ts";
import { CEREMONY_KINDS, PROTOCOLS } from "./ceremony/terms.ts";
import { Constants } from "./database.types.ts";
import { isErrorCode, Refusal } from "./errors.ts";
import { CIPHERSUITES } from "./frost/suites.ts";
import { byParticipant } from "./input.ts";
import type { SignerVerification, VerificationContext } from "./frost/verification.ts";

const Status = z.enum(Constants.public.Enums.signing_session_status);
const RecoveryStatus = z.enum(Constants.public.Enums.sss_request_status);
const Mode = z.enum(Constants.public.Enums.signing_mode);
const Ciphersuite = z.enum(CIPHERSUITES);
const ByParticipant = byParticipant(z.string());

/** What functions use of a session: `get_signing_session`. */
export const Session = z.object({
  status: Status,
  final_signature: z.string().nullable(),
  error_message: z.string().nullable(),
  signature_shares: ByParticipant,
});

/** `create_signing_sessions` */
export const CreatedSessions = z.object({
  mode: Mode,
  batch_id: z.string().nullable(),
  short: z.record(z.string(), z.number()).nullable(),
  quorums: z.array(z.object({
    quorum: z.number(),
    signers: z.array(z.string()).nullable(),
    status: z.string(),
    commitments: ByParticipant,
    shares: ByParticipant,
  })),
  sessions: z.array(z.object({
    session_id: z.string(),
    status: Status,
    expires_at: z.number(),
    warning: z.string().nullable(),
  })),
});

const PublicKeyPackage = z.object({
  ciphersuite: Ciphersuite,
  participants: z.array(z.string()),
  group_public_key: z.string(),
  verifying_shares: z.array(z.string()),
});

/** What share checks are prepared from: `get_signing_package`, and the answer that closed round one. */
export const SigningPackage = z.object({
  quorum: z.number(),
  message: z.string(),
  signers: z.array(z.string()),
  commitments: ByParticipant,
  key_package: PublicKeyPackage,
});

export type SigningPackage = z.infer<typeof SigningPackage>;

/** A refusal that was returned, of a call or of one of its items. */
const Returned = z.object({
  code: z.string().refine(isErrorCode),
  error: z.string(),
  retry_after_ms: z.number().optional(),
  final_signature: z.string().nullish(),
});

const ShareCheck = z.object({
  quorum: z.number(),
  participant: z.string(),
  threshold: z.number(),
  // What is in these, we stored ourselves; nulls where it has to be computed again.
  verification: z.custom<VerificationContext>().nullable(),
  signer: z.custom<SignerVerification>().nullable(),
  signature_share: z.string().nullable(),
  signature_shares: ByParticipant,
  signing_package: SigningPackage.omit({ key_package: true }).optional(),
  key_package_id: z.string().optional(),
});
export type ShareCheck = z.infer<typeof ShareCheck>;

/** `get_share_checks` */
export const ShareChecks = z.object({
  checks: z.array(z.union([Returned, ShareCheck])),
  key_packages: z.record(z.string(), PublicKeyPackage),
});

/** The family of a session or a recovery request that the caller may see; null for any other id. */
export const Family = z.object({ family_id: z.string() }).nullable();

/** What a Nostr event is checked against; null for a family without a key. */
export const CurrentKey = z.object({ ciphersuite: Ciphersuite, group_public_key: z.string() })
  .nullable();

/** `register_key_package` */
export const KeyPackage = z.object({ key_package_id: z.string(), epoch: z.number() });

/** `register_host_key` */
export const HostKey = z.object({ registered_at: z.number() });

/** `list_host_keys` */
export const HostKeys = z.array(z.object({
  participant_id: z.string(),
  host_public_key: z.string(),
  retired_at: z.number().nullable(),
}));

const CeremonyStatus = z.enum(Constants.public.Enums.key_ceremony_status);

/** `create_key_ceremony` */
export const CreatedCeremony = z.object({
  ceremony_id: z.string(),
  params_id: z.string(),
  status: CeremonyStatus,
  expires_at: z.number(),
});

const EpochPackage = PublicKeyPackage.extend({ epoch: z.number(), threshold: z.number() });

/** `get_key_ceremony` */
export const Ceremony = z.object({
  ceremony_id: z.string(),
  family_id: z.string(),
  kind: z.enum(CEREMONY_KINDS),
  protocol: z.enum(PROTOCOLS),
  ciphersuite: Ciphersuite,
  threshold: z.number(),
  participants: z.array(z.string()),
  host_public_keys: z.array(z.string()),
  dealers: z.array(z.string()).nullable(),
  dealer_host_public_keys: z.array(z.string()).nullable(),
  from_key_package: EpochPackage.nullable(),
  status: CeremonyStatus,
  round: z.number().nullable(),
  received: z.record(z.string(), z.array(z.string())),
  params_id: z.string(),
  coordinator_messages: z.array(z.string()),
  recovery_data: z.string().nullable(),
  key_package: EpochPackage.nullable(),
});
export type Ceremony = z.infer<typeof Ceremony>;

/** `record_ceremony_message`, `advance_key_ceremony` */
export const CeremonyProgress = z.object({
  status: CeremonyStatus,
  received: z.number(),
  missing: z.array(z.string()),
  coordinator_message: z.string().nullable(),
});
export type CeremonyProgress = z.infer<typeof CeremonyProgress>;

/** Messages of a ceremony. What is in them was checked when they came in. */
export const CeremonyMessages = z.array(z.object({
  round: z.number(),
  participant_id: z.string(),
  payload: z.custom<Payload>(),
}));

/** `record_refused_ceremony_message` */
export const LoggedRefusal = z.object({ event_id: z.number().nullable() });

/** `blame_in_ceremony` */
export const BlamedCeremony = z.object({
  status: CeremonyStatus,
  blamed: z.array(z.string()),
  guilty: z.string(),
});

/** `approve_key_package` */
export const Approval = z.object({
  ceremony_id: z.string(),
  status: CeremonyStatus,
  approvals_missing: z.number().nullable(),
});

/** `submit_nonce_commitments` */
export const RecordedCommitments = z.array(z.union([
  Returned,
  z.object({
    quorum: z.number(),
    status: Status,
    nonce_count: z.number(),
    threshold_met: z.boolean(),
    signing_package: SigningPackage.optional(),
  }),
]));

/** `publish_nonce_commitments` */
export const PublishedCommitments = z.object({ accepted: z.number(), available: z.number() });

/** `withdraw_nonce_commitments` */
export const WithdrawnCommitments = z.object({ withdrawn: z.number(), dead: z.number() });

const RecordedShare = z.object({
  quorum: z.number(),
  status: Status,
  signature_count: z.number(),
  threshold_met: z.boolean(),
  final_signature: z.string().nullable(),
  signature_shares: ByParticipant.optional(),
});

/** `record_refused_share`; `failed` if that was the share that the session had recorded. */
export const RefusedShare = z.object({ event_id: z.number().nullable(), status: Status });

/** `record_signature_shares`: of each item, whether it was recorded or refused. */
export const RecordedShares = z.array(z.union([Returned, RecordedShare, RefusedShare]));

/** `complete_signing_session`, `complete_recovery_request` */
export const CompletedSession = z.object({
  status: z.literal("completed"),
  final_signature: z.string(),
});
export type CompletedSession = z.infer<typeof CompletedSession>;

/** What functions use of a recovery request: `create_recovery_request`, `get_recovery_request`. */
export const RecoveryRequest = z.object({
  request_id: z.string(),
  family_id: z.string(),
  status: RecoveryStatus,
  message_hash: z.string(),
  expires_at: z.number(),
  warning: z.string().nullable(),
  key_package: z.object({ ciphersuite: Ciphersuite, group_public_key: z.string() }),
});

/** `submit_recovery_share`, `reject_recovery_share` */
export const ShareCount = z.object({
  status: RecoveryStatus,
  share_count: z.number(),
  threshold_met: z.boolean(),
});

/** `decline_signing_request` */
export const Decline = z.object({
  method: z.enum(["frost", "sss", "ceremony"]),
  status: z.string(),
});

/** `people_to_tell`; null where an event is news for nobody. */
export const PeopleToTell = z.object({
  kind: z.enum(["awaits_you", "done", "withdrawn"]),
  family_id: z.string(),
  subject: z.enum(["session", "recovery", "ceremony"]),
  id: z.string(),
  participants: z.array(z.string()),
  digest: z.string(),
}).nullable();

/** `frost_signing_metrics` */
export const Metrics = z.object({
  sessions: z.record(z.string(), z.number()),
  success_rate: z.number().nullable(),
  phases: z.record(
    z.string(),
    z.object({ median_ms: z.number().nullable(), p95_ms: z.number().nullable() }),
  ),
  nonce_reuse_attempts: z.number(),
  refused_shares: z.array(
    z.object({ family_id: z.string(), participant_id: z.string().nullable(), refused: z.number() }),
  ),
  orphaned_sessions: z.number(),
  stuck_sessions: z.number(),
  unrecorded_refusals: z.number(),
  // By family, of which one may be called `__proto__`.
  one_tap_sessions: z.custom<Readonly<Record<string, number>>>((value) =>
    typeof value === "object" && value !== null
  ),
  unproven_guardians: z.number(),
  ledger_size: z.number(),
  alerts: z.array(z.object({ alert: z.string() })),
});
export type Metrics = z.infer<typeof Metrics>;

/** A refusal that was raised has its code as hint. */
const Raised = z.object({
  hint: z.string().refine(isErrorCode),
  message: z.string(),
  details: z.string().nullish(),
});

/** The details of `rate_limited`. */
const Wait = z.object({ retry_after_ms: z.number() });

/** PostgREST's codes for a token that it does not take. */
const TOKEN_REFUSED = /^PGRST30[123]$/;

/**
 * What an RPC answered, checked against `answer`.
 *
 * @throws {Refusal} with the database's own code and sentence where it refused; `unauthorized` where it does
 *   not take the token.
 * @throws {Error} where it failed, or answered something else.
 */
export function read<Answer extends z.ZodType>(
  answer: Answer,
  { data, error, status }: PostgrestSingleResponse<unknown>,
): z.infer<Answer> {
  if (error === null) return answer.parse(data);
  const { data: raised } = Raised.safeParse(error);
  if (raised) {
    const retryAfterMs = raised.hint === "rate_limited" ? waitOf(raised.details) : undefined;
    throw new Refusal(raised.hint, raised.message, { retryAfterMs });
  }
  const { data: returned } = Returned.safeParse(error);
  if (returned) throw refusalFrom(returned);
  if (status === 401 && TOKEN_REFUSED.test(error.code)) {
    throw new Refusal("unauthorized", `The data API does not take the token: ${error.message}`);
  }
  throw new Error(`The database failed: ${error.code} ${error.message}`, { cause: error });
}

/** A refusal that the database returned, to be thrown. */
export function refusalFrom(returned: z.infer<typeof Returned>): Refusal {
  const { code, error, retry_after_ms: retryAfterMs, final_signature } = returned;
  return new Refusal(code, error, { retryAfterMs, finalSignature: final_signature ?? undefined });
}

function waitOf(details?: string | null): number | undefined {
  try {
    return Wait.safeParse(JSON.parse(details ?? "")).data?.retry_after_ms;
  } catch {
    return undefined;
  }
}
