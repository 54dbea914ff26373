/**
 * What a device makes of what the server shows of a ceremony: verified, or a fault.
 *
 * @module
 */
import { keyOf } from "../../supabase/functions/_shared/ceremony/outcome.ts";
import type { EpochPackage } from "../../supabase/functions/_shared/ceremony/terms.ts";
import {
  type RoundMessages,
  SignedFault,
  verifyMessage,
} from "../../supabase/functions/_shared/ceremony/verification.ts";
import { ChillDkgError } from "../../supabase/functions/_shared/chilldkg/errors.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { type CeremonyState, hashToConfirm } from "./device.ts";
import { BadShareError } from "./received_share.ts";
import type { CeremonyView, KeptMessage } from "./reading.ts";

/** The server showed something that no honest one shows. */
export class FaultyCoordinatorError extends Error {}

/** Whether it comes of what others sent or showed. */
export function isFault(error: unknown): error is Error {
  return error instanceof BadShareError || error instanceof ChillDkgError ||
    error instanceof FrostError || error instanceof SignedFault ||
    error instanceof FaultyCoordinatorError;
}

/**
 * The package that the server shows, which is not believed but for its epoch.
 *
 * @throws {FaultyCoordinatorError} if there is none, or a reshare's does not follow the old one.
 */
export function checkedPackage({ keyPackage, terms: { fromPackage } }: CeremonyView): EpochPackage {
  if (keyPackage === null) {
    throw new FaultyCoordinatorError("The server shows no key package to confirm");
  }
  if (fromPackage !== null && keyPackage.epoch !== fromPackage.epoch + 1) {
    throw new FaultyCoordinatorError(
      `The key package has epoch ${keyPackage.epoch}, not the one after ${fromPackage.epoch}`,
    );
  }
  return keyPackage;
}

/** What the new guardians of a reshare have to confirm, for a dealer who gets no share. Errors are faults. */
export function hashOfReshare(view: CeremonyView, messages: readonly KeptMessage[]): string {
  const state = stateOf(view, verifiedRounds(view, messages));
  const { epoch } = checkedPackage(view);
  return hashToConfirm(state, keyOf(view.terms, state.rounds[0]), epoch);
}

/** The messages of rounds one and two. Errors as of `verifyMessage`. */
export function verifiedRounds(
  { terms, ...view }: Pick<CeremonyView, "terms" | "paramsId" | "coordinatorMessages">,
  messages: readonly KeptMessage[],
): RoundMessages[] {
  return [1, 2].map((round) =>
    new Map(
      messages.filter((message) => message.round === round).map(({ sender, payload }) =>
        [sender, verifyMessage(terms, view, round, sender, payload)] as const
      ),
    )
  );
}

export function stateOf(view: CeremonyView, rounds: readonly RoundMessages[]): CeremonyState {
  const { terms, paramsId, coordinatorMessages } = view;
  return { terms, paramsId, coordinatorMessages, rounds };
}
