/**
 * The emergency path: guardians encrypt their shares to one device, which puts the key together, signs one
 * message, and forgets the key.
 *
 * @module
 */
export * from "../shared.ts";
export { recipientFingerprint } from "./envelope.ts";
export { type GiveShareOptions, RecoveryGuardian, type RecoveryQuestion } from "./guardian.ts";
export type { RecoveryAsk } from "./ask.ts";
export type { BadShare, Collection, CollectionFailure } from "./collection.ts";
export { RecoveryRequester, type RequesterState } from "./requester.ts";
export { type RecoveryProgress, RecoveryRequests, type SubmittedShare } from "./requests.ts";
