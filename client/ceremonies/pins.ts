/**
 * Holding a ceremony against what its guardians compared out of band, before anything is sent.
 *
 * @module
 */
import {
  type CeremonyTerms,
  type EpochPackage,
  keyPackageDigest,
} from "../../supabase/functions/_shared/ceremony/terms.ts";

/** What a person, or an app for it, has compared with the others: all of it, or every guardian's host key. */
export type CeremonyPin = {
  /** As the others read it: it stands for everything about the ceremony. */
  readonly paramsId: string;
} | {
  /** By guardian, as compared: 33 bytes each as lower-case hex. */
  readonly hostKeys: Readonly<Record<string, string>>;
  /** Of a reshare: the package whose key it is, as the device or the app knows it. */
  readonly fromPackage?: EpochPackage;
};

/** Why the ceremony is not the pinned one, in a sentence; `undefined` if it is. */
export function differenceFrom(
  pin: CeremonyPin,
  terms: CeremonyTerms,
  paramsId: string,
): string | undefined {
  if ("paramsId" in pin) {
    return pin.paramsId === paramsId
      ? undefined
      : `Its params_id is ${paramsId}, not the pinned one`;
  }
  const pinned = new Map(Object.entries(pin.hostKeys));
  for (const [who, key] of membersOf(terms)) {
    const known = pinned.get(who);
    if (known === undefined) return `The host key of ${who} was not compared`;
    if (known !== key) return `The host key of ${who} is another than the one that was compared`;
  }
  if (terms.fromPackage === null) return undefined;
  if (pin.fromPackage === undefined) return "The package that is dealt anew is not pinned";
  return keyPackageDigest(pin.fromPackage) === keyPackageDigest(terms.fromPackage)
    ? undefined
    : "The package that is dealt anew is another than the pinned one";
}

/** Who takes part with which host key: those who get a share, and dealers who get none. */
export function membersOf(terms: CeremonyTerms): [who: string, hostPublicKey: string][] {
  const { participants, hostPublicKeys, dealers, dealerHostPublicKeys } = terms;
  const all = [
    ...participants.map((who, i): [string, string] => [who, hostPublicKeys[i]]),
    ...(dealers ?? []).map((who, i): [string, string] => [who, dealerHostPublicKeys?.[i] ?? ""]),
  ];
  return [...new Map(all.map((member) => [member.join(), member])).values()];
}

/** What a person must be told loudly of a reshare. */
export function warningsOf(terms: CeremonyTerms): string[] {
  const { fromPackage, participants, threshold } = terms;
  if (fromPackage === null) return [];
  const left = fromPackage.participants.filter((who) => !participants.includes(who));
  const joined = participants.filter((who) => !fromPackage.participants.includes(who));
  return [
    ...(threshold < fromPackage.threshold
      ? [`The threshold goes down from ${fromPackage.threshold} to ${threshold}`]
      : []),
    ...(left.length > 0 ? [`These get no share: ${left.join(", ")}`] : []),
    ...(joined.length > 0 ? [`These are new: ${joined.join(", ")}`] : []),
  ];
}
