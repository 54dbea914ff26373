/**
 * Which method to use and why, for people who have to choose.
 *
 * @module
 */
import {
  isUseCase,
  selectMethod,
  type SigningMethod,
  type UseCase,
} from "../../supabase/functions/_shared/methods.ts";
import { MEASURED } from "./measured.ts";

/** A method with what speaks for it and what it costs. */
export interface MethodRecommendation {
  readonly method: SigningMethod;
  readonly reason: string;
  /** What the method does to the key. */
  readonly security: string;
  readonly performance: {
    /** Of one signature by 2 of 3 guardians who answer at once, as measured on the local stack. */
    readonly medianMs: number;
    /** How often each guardian has to answer. */
    readonly rounds: number;
    readonly summary: string;
  };
}

const REASONS: Readonly<Record<UseCase, string>> = {
  daily_operations: "Everyday signatures must not wear the key out: it stays split",
  high_value_transaction: "What is worth most must not pass through one device",
  fedimint_integration: "A federation's guardians are online, and its key must stay split",
  emergency_recovery: "In an emergency guardians answer once, when they can",
  key_rotation: "The old key is retired right after: that it was put together no longer matters",
  performance_critical: "One round instead of two: nobody waits for the slowest guardian twice",
  offline_guardians: "Guardians need not be online at the same time",
};

const SECURITY: Readonly<Record<SigningMethod, string>> = {
  frost: "The key is never in one place; a threshold of guardians must be dishonest to forge",
  sss: "The whole key is on the requester's device for a moment: register a new key afterwards",
};

const SUMMARY: Readonly<Record<SigningMethod, string>> = {
  frost: "Two rounds; guardians answer twice within the session's time, 5 minutes by default",
  sss: "One round; guardians answer once within the request's time, 24 hours by default",
};

/** The method for a use case, with its reason, its price in security and its speed. */
export function recommendMethod(useCase?: string): MethodRecommendation {
  const method = selectMethod(useCase);
  return {
    method,
    reason: useCase !== undefined && isUseCase(useCase)
      ? REASONS[useCase]
      : "The key stays split, unless the use case is one of those that need it whole",
    security: SECURITY[method],
    performance: { ...MEASURED[method], summary: SUMMARY[method] },
  };
}
