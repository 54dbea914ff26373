/**
 * Key ceremonies: a key that is born in shares, is dealt anew to other guardians, and whose shares come back from 24
 * words.
 *
 * @module
 */
export * from "../shared.ts";
export { HostKey, HostKeyError, hostKeyFingerprint } from "./host_key.ts";
export {
  approveKeyPackage,
  type CeremonyRequest,
  failCeremony,
  type KeyStatus,
  type ListedHostKey,
  listHostKeys,
  readKeyStatus,
  registerHostKey,
  restartCeremony,
  startCeremony,
  type StartedCeremony,
} from "./calls.ts";
export { Ceremony } from "./ceremony.ts";
export type { CeremonyOptions, JoinedCeremony } from "./taking_part.ts";
export type { CeremonyPin } from "./pins.ts";
export {
  type CeremonyStatus,
  type CeremonySummary,
  type CeremonyView,
  listCeremonies,
  readCeremony,
} from "./reading.ts";
export { fromPaper, toPaper } from "./paper.ts";
export {
  readRecoveryData,
  recoverCurrentShare,
  type RecoveredKeyShare,
  recoverKeyShare,
} from "./recovery.ts";
export { type RecoveryData, RecoveryDataError } from "./recovery_data.ts";
export { checkReadiness, type Readiness } from "./readiness.ts";
export { openKeyShare, sealKeyShare } from "./sealed_share.ts";
export { rollCallHash, startRollCall } from "./roll_call.ts";
export { IndexedDbCeremonyStore } from "./indexeddb_ceremony_store.ts";
export {
  type BegunRecord,
  type CeremonyRecords,
  type CeremonyStore,
  type CertifiedRecord,
  type DecidedRecord,
  type FinishedRecord,
  MemoryCeremonyStore,
  type Stage,
} from "./store.ts";
export {
  type CeremonyTerms,
  type EpochPackage,
  keyPackageDigest,
  paramsIdOf,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
