/**
 * Which way a signature is made: by FROST, where the key is never in one place, or by putting the key
 * together on one device (`sss`), for when the family cannot sign in two rounds. One rule, for the server
 * and its clients.
 *
 * @module
 */

/** FROST signing, or Shamir recovery. */
export const SIGNING_METHODS = ["frost", "sss"] as const;

/** A way a signature is made. */
export type SigningMethod = (typeof SIGNING_METHODS)[number];

const METHOD_OF_USE_CASE = {
  daily_operations: "frost",
  high_value_transaction: "frost",
  fedimint_integration: "frost",
  emergency_recovery: "sss",
  key_rotation: "sss",
  performance_critical: "sss",
  offline_guardians: "sss",
} as const satisfies Record<string, SigningMethod>;

/** A use case that the rule knows. */
export type UseCase = keyof typeof METHOD_OF_USE_CASE;

/** The use cases that the rule knows. */
export const USE_CASES: readonly UseCase[] = Object.keys(METHOD_OF_USE_CASE).filter(isUseCase);

/** Whether a text is a use case that the rule knows. */
export function isUseCase(text: string): text is UseCase {
  return Object.hasOwn(METHOD_OF_USE_CASE, text);
}

/**
 * The method for a use case. A preference wins; without one, and for a use case that is not known, it is
 * FROST: of the two it is the one that leaves the key as it was.
 */
export function selectMethod(useCase?: string, preferredMethod?: SigningMethod): SigningMethod {
  if (preferredMethod !== undefined) return preferredMethod;
  return useCase !== undefined && isUseCase(useCase) ? METHOD_OF_USE_CASE[useCase] : "frost";
}
