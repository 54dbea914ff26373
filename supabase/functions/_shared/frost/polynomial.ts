/**
 * Interpolation at the identifiers of RFC 9591: small positive integers, all different. Coefficients are
 * public, so nothing here needs to take constant time.
 */
import type { ScalarField } from "./suites.ts";

/**
 * For f of degree below the number of points: coefficients λ_i with f(0) = Σ λ_i·f(x_i), as
 * derive_interpolating_value (section 4.2), for all points with one inversion.
 */
export function interpolationCoefficients(Fn: ScalarField, points: readonly number[]): bigint[] {
  let product = 1n;
  for (const x of points) product = Fn.mul(product, BigInt(x));
  // λ_i = Π x_j / (x_j − x_i) over j ≠ i; the whole product holds one x_i too many.
  const denominators = points.map((x, i) => Fn.mul(differences(Fn, points, i), BigInt(x)));
  return Fn.invertBatch(denominators).map((inverse) => Fn.mul(product, inverse));
}

/**
 * For f of degree below the number of points: coefficients w_i with Σ w_i·f(x_i) = the coefficient of f
 * at x^(n−1), n being the number of points. They also span the dual code that `key_package.ts` tests with.
 */
export function leadingCoefficients(Fn: ScalarField, points: readonly number[]): bigint[] {
  const negative = points.length % 2 === 0;
  return Fn.invertBatch(points.map((_, i) => {
    const product = differences(Fn, points, i);
    return negative ? Fn.neg(product) : product;
  }));
}

/** Π (x_j − x_i) over j ≠ i. */
function differences(Fn: ScalarField, points: readonly number[], i: number): bigint {
  let product = 1n;
  for (const [j, x] of points.entries()) {
    if (j !== i) product = Fn.mul(product, Fn.create(BigInt(x - points[i])));
  }
  return product;
}

/** f(x) for coefficients from the constant term up, by Horner's rule. */
export function evaluate(Fn: ScalarField, coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduceRight((sum, coefficient) => Fn.add(Fn.mul(sum, x), coefficient), 0n);
}

/** 1, x, x², … to `count` powers. */
export function powers(Fn: ScalarField, x: bigint, count: number): bigint[] {
  const result = [1n];
  while (result.length < count) result.push(Fn.mul(result[result.length - 1], x));
  return result;
}
