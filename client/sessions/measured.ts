/**
 * What `deno task bench` measured on the local stack; the numbers behind `getMethodRecommendation`. To be
 * measured again when the bench changes.
 *
 * @module
 */

/**
 * One signature end to end by 2 of 3 guardians who answer at once, from the request to the final signature:
 * the median in milliseconds, and how often each guardian has to answer.
 */
export const MEASURED = {
  frost: { medianMs: 93, rounds: 2 },
  sss: { medianMs: 74, rounds: 1 },
} as const;
