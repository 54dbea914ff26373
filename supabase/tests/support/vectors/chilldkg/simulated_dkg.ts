/**
 * Whole ChillDKG sessions in one process, from a printed seed. For tests: the randomness is anybody's to
 * repeat.
 */
import assert from "node:assert/strict";
import { hexToBytes } from "@noble/curves/utils.js";
import {
  coordinatorFinalize,
  coordinatorStep1,
} from "../../../../functions/_shared/chilldkg/coordinator.ts";
import { ChillDkgError } from "../../../../functions/_shared/chilldkg/errors.ts";
import {
  participantFinalize,
  participantStep1,
  participantStep2,
} from "../../../../functions/_shared/chilldkg/participant.ts";
import { hostPublicKeyOf } from "../../../../functions/_shared/chilldkg/session.ts";
import type { Random } from "../../random.ts";

/** All participants up to the end of step 1. */
export function beginSession(random: Random, count: number, threshold: number) {
  const bytes = () => hexToBytes(random.hex(32));
  const keys = Array.from({ length: count }, bytes);
  const params = { hostPublicKeys: keys.map(hostPublicKeyOf), threshold };
  const randoms = keys.map(bytes);
  const steps = keys.map((key, i) => participantStep1(key, params, randoms[i]));
  return { bytes, keys, params, randoms, steps, pmsgs1: steps.map(({ message }) => message) };
}

/** All participants and the coordinator up to the end. */
export function completeSession(random: Random, count: number, threshold: number) {
  const session = beginSession(random, count, threshold);
  const { bytes, keys, params, steps, pmsgs1 } = session;
  const { state, message } = coordinatorStep1(pmsgs1, params);
  const signed = keys.map((key, i) => participantStep2(key, steps[i].state, message, bytes()));
  const pmsgs2 = signed.map((step) => step.message);
  const coordinator = coordinatorFinalize(state, pmsgs2);
  const ends = signed.map((step) => participantFinalize(step.state, coordinator.message));
  return { ...session, state, pmsgs2, coordinator, ends };
}

/** A copy with one bit of one byte changed. */
export function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}

/** The error with which `run` ends; anything else is a failure. */
export function errorOf(run: () => unknown): ChillDkgError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ChillDkgError, `not a ChillDkgError: ${error}`);
    return error;
  }
  return assert.fail("nothing was thrown");
}

/** Kind and participant of the error with which `run` ends. */
export function blameOf(run: () => unknown) {
  const { kind, participant } = errorOf(run);
  return { kind, participant };
}
