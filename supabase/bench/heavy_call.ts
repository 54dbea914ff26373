/**
 * One of the heaviest calls of functions in a process of its own, as the first request of a function has it: its
 * module is loaded, and what it computes with comes as JSON, on standard input. With nothing there, nothing is done.
 */
import { type KeyPackageInputs, verifyKeyPackage } from "../functions/_shared/frost/key_package.ts";
import {
  aggregate,
  prepareVerification,
  type ShareVerification,
  type SigningInputs,
  verifySignature,
} from "../functions/_shared/frost/verification.ts";
import { closeRound } from "../functions/_shared/ceremony/outcome.ts";
import { messageOf, type Payload } from "../functions/_shared/ceremony/payload.ts";
import type { CeremonyTerms } from "../functions/_shared/ceremony/terms.ts";
import { faultsAmong } from "../functions/_shared/frost/several_shares.ts";

/** The shares of all signers. They need not be valid: telling takes as long. */
export interface AllShares {
  readonly verification: ShareVerification;
  readonly shares: Readonly<Record<string, string>>;
}

/** The same shares where nothing is left that was computed before: not all of them make a signature. */
export interface SuspectShares {
  readonly closed: SigningInputs;
  readonly shares: AllShares["shares"];
}

/** The last round of a ceremony before its key is known, and all that was sent, by round and sender. */
export interface FullRounds {
  readonly terms: CeremonyTerms;
  readonly round: number;
  readonly payloads: readonly (readonly (readonly [sender: string, payload: Payload])[])[];
}

/** A call, by the function that gets it and what that has to do. */
export type HeavyCall =
  | { readonly function: "submit-nonce-commitment"; readonly close: SigningInputs }
  | { readonly function: "register-key-package"; readonly register: KeyPackageInputs }
  | { readonly function: "submit-signature-share"; readonly aggregate: AllShares }
  | { readonly function: "aggregate-signature"; readonly findBadShare: SuspectShares }
  | { readonly function: "submit-ceremony-message"; readonly closeRound: FullRounds };

function compute(call: HeavyCall): void {
  if ("close" in call) prepareVerification(call.close);
  if ("register" in call) verifyKeyPackage(call.register);
  if ("aggregate" in call) finish(call.aggregate);
  if ("closeRound" in call) {
    const { terms, round, payloads } = call.closeRound;
    const rounds = payloads.map((sent, i) =>
      new Map(sent.map(([who, payload]) => [who, messageOf(terms, i + 1, payload)]))
    );
    closeRound(terms, round, rounds);
  }
  if ("findBadShare" in call) {
    const { closed, shares } = call.findBadShare;
    const verification = prepareVerification(closed);
    finish({ verification, shares });
    const suspects = verification.signers.map((signer) => ({
      context: verification,
      signer,
      signatureShare: shares[signer.participant],
    }));
    faultsAmong(suspects, true).next();
  }
}

function finish({ verification, shares }: AllShares): void {
  const { ciphersuite, group_public_key, message } = verification;
  verifySignature(ciphersuite, group_public_key, message, aggregate(verification, shares));
}

if (import.meta.main) {
  const input = await new Response(Deno.stdin.readable).text();
  if (input !== "") {
    const call: HeavyCall = JSON.parse(input);
    await import(`../functions/${call.function}/index.ts`);
    compute(call);
  }
}
