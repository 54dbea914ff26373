/**
 * What the messages of a complete round make: the coordinator's next message, and the key. Everything here is
 * public; devices compute the same again.
 *
 * @module
 */
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { coordinatorFinalize, coordinatorStep1 } from "../chilldkg/coordinator.ts";
import { parseCoordinatorMessage1 } from "../chilldkg/messages.ts";
import { sumCommitments, tweakAfterDkg, verifyingShares } from "../dkg/group_key.ts";
import { verifyReshare } from "../dkg/resharing.ts";
import { elementToHex, parseElement } from "../frost/encoding.ts";
import { type Element, suiteOf } from "../frost/suites.ts";
import { hexField, type Message } from "./payload.ts";
import { type CeremonyTerms, chillDkgParams, invalidMessage } from "./terms.ts";
import {
  dealerIdentifiers,
  dealingOf,
  identifierOf,
  inOrder,
  type RoundMessages,
} from "./verification.ts";

/** The public values of the key that a ceremony makes. Points as lower-case hex of Ne bytes. */
export interface MadeKey {
  readonly group_public_key: string;
  /** In the order of the participants. */
  readonly verifying_shares: string[];
  /** Of the group's polynomial, from the constant term up. */
  readonly vss_commitment: string[];
}

/** What ends a round. */
export interface RoundOutcome {
  /** Of chilldkg; hex. */
  readonly coordinatorMessage?: string;
  /** Of chilldkg; hex. */
  readonly recoveryData?: string;
  /** If this was the last round before confirming. */
  readonly key?: MadeKey;
}

/**
 * Ends a round whose messages are all there and verified.
 *
 * @param rounds - The messages of round one, then of round two.
 * @throws {FrostError} `ceremony_message_invalid` if a message is missing, or, with a probability of 1/order where
 *   guardians are honest, if the commitments have no sum that can be encoded.
 */
export function closeRound(
  terms: CeremonyTerms,
  round: number,
  rounds: readonly RoundMessages[],
): RoundOutcome {
  if (terms.protocol === "chilldkg") return closeChillDkg(terms, round, rounds);
  if (terms.protocol === "pedersen" && round === 1) return {};
  return { key: keyOf(terms, rounds[0]) };
}

function closeChillDkg(
  terms: CeremonyTerms,
  round: number,
  rounds: readonly RoundMessages[],
): RoundOutcome {
  const params = chillDkgParams(terms);
  const bytes = (of: number) => inOrder(terms, of, rounds[of - 1]).map(messageBytes);
  const { state, message: cmsg1 } = coordinatorStep1(bytes(1), params);
  if (round === 1) return { coordinatorMessage: bytesToHex(cmsg1) };
  const { message, output, recoveryData } = coordinatorFinalize(state, bytes(2));
  const { otherCommitments } = parseCoordinatorMessage1(cmsg1, params);
  if (otherCommitments.some((element) => element.is0())) {
    throw invalidMessage("The sum of the commitments must not hold the identity");
  }
  return {
    coordinatorMessage: bytesToHex(message),
    recoveryData: bytesToHex(recoveryData),
    key: {
      group_public_key: bytesToHex(output.thresholdPublicKey),
      verifying_shares: output.publicShares.map((share) => bytesToHex(share)),
      vss_commitment: [
        bytesToHex(output.thresholdPublicKey),
        ...otherCommitments.map(elementToHex),
      ],
    },
  };
}

function messageBytes(message: Message): Uint8Array {
  return hexToBytes(hexField(message, "message"));
}

/** The key of a pedersen dkg or a reshare, from the dealings. */
export function keyOf(terms: CeremonyTerms, dealings: RoundMessages): MadeKey {
  const suite = suiteOf(terms.ciphersuite);
  const commitment = sumOfDealings(terms, dealings);
  const untweaked = {
    commitment,
    verifyingShares: verifyingShares(commitment, terms.participants.length),
  };
  const made = terms.protocol === "pedersen" ? tweakAfterDkg(suite, untweaked) : untweaked;
  return {
    group_public_key: elementToHex(made.commitment[0]),
    verifying_shares: made.verifyingShares.map(elementToHex),
    vss_commitment: made.commitment.map(elementToHex),
  };
}

/** The commitment to the sum of all dealt polynomials; of a reshare, after a check that it is the old key's. */
export function sumOfDealings(terms: CeremonyTerms, dealings: RoundMessages): Element[] {
  const suite = suiteOf(terms.ciphersuite);
  const { fromPackage } = terms;
  const all = inOrder(terms, 1, dealings);
  const senders = terms.dealers ?? terms.participants;
  const commitments = all.map((message, i) => dealingOf(terms, senders[i], message));
  if (fromPackage === null) return sumCommitments(suite, commitments);
  const element = (hex: string) =>
    parseElement(suite, hex, "key_package_invalid", "A point of the old package");
  const identifiers = dealerIdentifiers(terms);
  return verifyReshare(
    suite,
    commitments.map((commitment, i) => ({
      identifier: identifiers[i],
      verifyingShare: element(fromPackage.verifying_shares[identifierOf(terms, senders[i]) - 1]),
      commitment,
    })),
    element(fromPackage.group_public_key),
  );
}
