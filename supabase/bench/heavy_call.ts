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

/** A call, by the function that gets it and what that has to do. */
export type HeavyCall =
  | { readonly function: "submit-nonce-commitment"; readonly close: SigningInputs }
  | { readonly function: "register-key-package"; readonly register: KeyPackageInputs }
  | { readonly function: "submit-signature-share"; readonly aggregate: AllShares }
  | { readonly function: "aggregate-signature"; readonly findBadShare: SuspectShares };

function compute(call: HeavyCall): void {
  if ("close" in call) prepareVerification(call.close);
  if ("register" in call) verifyKeyPackage(call.register);
  if ("aggregate" in call) finish(call.aggregate);
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
