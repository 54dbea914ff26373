/** The functions, and a request that each would take if its family and session existed. */
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { dealKey } from "../../../client/guardian/dealer.ts";
import { signToken } from "../../local/token.ts";
import type { Credentials, Json, TestStack } from "../support/answers.ts";

const HOST_KEY = HostKey.generate();

export const USER_FUNCTIONS = {
  "create-signing-request": {
    familyId: "nobody",
    messageHash: "ab".repeat(32),
    participants: ["ann", "bob"],
    threshold: 2,
  },
  "submit-nonce-commitment": { sessionId: "none", nonceCommitment: "02".repeat(66) },
  "submit-nonce-commitments": {
    items: [{ sessionId: "none", nonceCommitment: "02".repeat(66) }],
  },
  "submit-signature-share": { sessionId: "none", signatureShare: "01".repeat(32) },
  "submit-signature-shares": { items: [{ sessionId: "none", signatureShare: "01".repeat(32) }] },
  "publish-nonce-commitments": { familyId: "nobody", nonceCommitments: ["02".repeat(66)] },
  "withdraw-nonce-commitments": { familyId: "nobody", nonceCommitments: ["02".repeat(66)] },
  "aggregate-signature": { sessionId: "none" },
  "submit-recovery-share": { requestId: "none", ciphertext: "abc" },
  "reject-recovery-share": { requestId: "none", guardianId: "bob", reason: "it is bad" },
  "complete-recovery": { requestId: "none", finalSignature: "01".repeat(64) },
  "decline-signing-request": { sessionId: "none", reason: "no" },
  "register-host-key": {
    familyId: "nobody",
    hostPublicKey: HOST_KEY.publicKey,
    proof: HOST_KEY.proof("nobody", "ann"),
  },
  "create-key-ceremony": {
    familyId: "nobody",
    kind: "dkg",
    threshold: 2,
    participants: ["ann", "bob"],
  },
  "submit-ceremony-message": {
    ceremonyId: "none",
    round: 1,
    payload: { message: "00", signature: "00".repeat(64) },
  },
  "report-ceremony-fault": {
    ceremonyId: "none",
    against: "bob",
    evidence: { sharedPoint: HOST_KEY.publicKey, proof: "00".repeat(64) },
  },
  "approve-key-package": {
    familyId: "nobody",
    keyPackageDigest: "ab".repeat(32),
    signature: "00".repeat(64),
  },
} as const satisfies Record<string, Json>;

/** Functions that serve members and the service alike. */
export const SERVE_BOTH: readonly string[] = ["create-key-ceremony", "approve-key-package"];

/** Functions that take a body, by name, with one that is in order. */
export const BODIES: Readonly<Record<string, Json>> = {
  ...USER_FUNCTIONS,
  // An event that there is not: it is news for nobody.
  "notify-guardians": {
    type: "INSERT",
    schema: "public",
    table: "frost_events",
    record: { event_id: Number.MAX_SAFE_INTEGER },
  },
  "register-key-package": {
    ...dealKey({ familyId: "newcomers", threshold: 2, participants: ["ann", "bob"] }).registration,
  },
};

/** The credentials a function asks for. */
export async function credentialsFor(stack: TestStack, name: string): Promise<Credentials> {
  return name in USER_FUNCTIONS
    ? { token: await signToken({ participant: "ann", family: "nobody" }) }
    : { apikey: stack.secretKey };
}
