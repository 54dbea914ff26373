/**
 * Key packages as they come from the database or a file: their form, and how people compare them.
 *
 * @module
 */
import type { KeyPackage } from "../supabase/functions/_shared/frost/key_package.ts";
import { isCiphersuite } from "../supabase/functions/_shared/frost/suites.ts";
import { fieldOf, isTextList } from "./shapes.ts";

/**
 * Copies the five fields of a key package; `undefined` if one is missing or of another type. It does not
 * check that they fit together.
 */
export function keyPackageOf(value: unknown): KeyPackage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { ciphersuite, threshold, participants, group_public_key, verifying_shares }: Partial<
    Record<keyof KeyPackage, unknown>
  > = value;
  const valid = typeof ciphersuite === "string" && isCiphersuite(ciphersuite) &&
    typeof threshold === "number" && isTextList(participants) &&
    typeof group_public_key === "string" && isTextList(verifying_shares);
  if (!valid) return undefined;
  return {
    ciphersuite,
    threshold,
    participants: [...participants],
    group_public_key,
    verifying_shares: [...verifying_shares],
  };
}

/** A key package with its id in the database. */
export interface RegisteredKeyPackage extends KeyPackage {
  readonly key_package_id: string;
}

/** The registered key package in a value; `undefined` if there is none. */
export function registeredKeyPackageOf(value: unknown): RegisteredKeyPackage | undefined {
  const keyPackage = keyPackageOf(value);
  const key_package_id = fieldOf(value, "key_package_id");
  return keyPackage === undefined || typeof key_package_id !== "string"
    ? undefined
    : { key_package_id, ...keyPackage };
}

/**
 * A fingerprint as people write it down, read it to each other and type it: in groups of four digits.
 *
 * @param fingerprint - As `keyPackageFingerprint` returns it.
 */
export function formatFingerprint(fingerprint: string): string {
  return fingerprint.match(/.{1,4}/g)?.join(" ") ?? "";
}

/** Whether two fingerprints are the same; each may be written as hex or in groups. */
export function isSameFingerprint(a: string, b: string): boolean {
  const digits = (text: string) => text.replace(/\s/g, "").toLowerCase();
  return digits(a) === digits(b) && digits(a) !== "";
}
