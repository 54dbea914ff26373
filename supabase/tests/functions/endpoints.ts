/** The functions, and a request that each would take if its family and session existed. */
import { dealKey } from "../../../client/guardian/dealer.ts";
import { signToken } from "../../local/token.ts";
import type { Credentials, Json, TestStack } from "../support/answers.ts";

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
} as const satisfies Record<string, Json>;

/** Functions that take a body, by name, with one that is in order. */
export const BODIES: Readonly<Record<string, Json>> = {
  ...USER_FUNCTIONS,
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
