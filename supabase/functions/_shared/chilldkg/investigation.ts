/** Who sent a bad share (sections "Blaming Faulty Parties" and "participant_investigate"). */
import { ChillDkgError } from "./errors.ts";
import { Fn, type Point, publicPointOf, sumOfPoints, sumOfScalars } from "./group.ts";
import { parseInvestigationMessage } from "./messages.ts";
import { blaming } from "./reader.ts";

/** What a participant knows when its share fails. Secret, all but the public share. */
export interface Investigation {
  readonly participant: number;
  /** What its share has to be, before the tweak. */
  readonly publicShare: Point;
  /** The sum of what all participants encrypted for it, as the coordinator says. */
  readonly encryptedShare: bigint;
  /** The pads of all participants for it. */
  readonly pads: readonly bigint[];
}

/** `unknown_faulty`, with what it takes to find out who it was. */
export class UnknownFaultyError extends ChillDkgError {
  // Private, because a runtime prints the public fields of an error, and this holds a secret share.
  readonly #investigation: Investigation;

  constructor(message: string, investigation: Investigation) {
    super("unknown_faulty", message);
    this.#investigation = investigation;
  }

  /** For `participantInvestigate`. It holds secrets: do not log it. */
  get investigation(): Investigation {
    return this.#investigation;
  }
}

/**
 * Finds out who caused an `unknown_faulty` error. Section "participant_investigate".
 *
 * @param error - What `participantStep2` threw.
 * @param message - The coordinator's investigation message for this participant, 65·n bytes.
 * @throws {ChillDkgError} always: `faulty_participant_or_coordinator` (with `participant`) or
 * `faulty_coordinator`; `invalid_input` for another error or another length.
 */
export function participantInvestigate(error: unknown, message: Uint8Array): never {
  const investigation = error instanceof UnknownFaultyError ? error.investigation : undefined;
  if (investigation === undefined) {
    throw new ChillDkgError("invalid_input", "The error must be unknown_faulty of this session");
  }
  const { participant, publicShare, encryptedShare, pads } = investigation;
  const { encryptedShares, publicShares } = blaming(
    "faulty_coordinator",
    undefined,
    () => parseInvestigationMessage(message, pads.length),
  );
  if (!sumOfPoints(publicShares).equals(publicShare)) {
    throw faultyCoordinator("The partial public shares must sum to the public share");
  }
  if (sumOfScalars(encryptedShares) !== encryptedShare) {
    throw faultyCoordinator("The encrypted partial shares must sum to the encrypted share");
  }
  for (const [sender, encrypted] of encryptedShares.entries()) {
    if (publicPointOf(Fn.sub(encrypted, pads[sender])).equals(publicShares[sender])) continue;
    // This participant knows that its own share was right when it left.
    if (sender === participant) {
      throw faultyCoordinator("The share of a participant for itself must not change");
    }
    throw new ChillDkgError(
      "faulty_participant_or_coordinator",
      "A participant's share must match its commitment",
      { participant: sender },
    );
  }
  // Each share matches, and both sums do: then the sum matched too, and step 2 would not have failed.
  throw new ChillDkgError("invalid_input", "The error must come from a step that failed");
}

function faultyCoordinator(sentence: string): ChillDkgError {
  return new ChillDkgError("faulty_coordinator", sentence);
}
