/**
 * What has to be right before round one: each a check with a sentence for people. A ceremony that stops half way costs an
 * afternoon.
 *
 * @module
 */
import { paramsIdOf } from "../../supabase/functions/_shared/ceremony/terms.ts";
import { listHostKeys } from "./calls.ts";
import type { HostKey } from "./host_key.ts";
import { type CeremonyPin, differenceFrom } from "./pins.ts";
import { readCeremony } from "./reading.ts";
import type { CeremonyStore } from "./store.ts";
import type { Supabase } from "../supabase.ts";
import type { CallOptions } from "../transport.ts";

/** One thing that was looked at. */
export interface Readiness {
  readonly check: "server" | "clock" | "store" | "host keys" | "pin" | "device";
  readonly ok: boolean;
  /** What is so, or what to do. */
  readonly what: string;
}

/** A clock that is further off makes tokens and expiry lie. */
const MAX_CLOCK_MS = 60_000;

/**
 * Looks at everything before `Ceremony.join`; nothing is sent to the ceremony.
 *
 * @param pin - As for `Ceremony.join`.
 */
export async function checkReadiness(
  ceremonyId: string,
  pin: CeremonyPin,
  { supabase, hostKey, participantId, store }: {
    readonly supabase: Supabase;
    readonly hostKey: HostKey;
    readonly participantId: string;
    readonly store: CeremonyStore;
  },
  options: CallOptions = {},
): Promise<Readiness[]> {
  const checks: Readiness[] = [await storeCheck(store)];
  const read = await readCeremony(supabase, ceremonyId, options);
  if (!read.success) return [{ check: "server", ok: false, what: read.error }, ...checks];
  const { ceremony: { terms, paramsId, now } } = read;
  checks.unshift({ check: "server", ok: true, what: "The server answers" });
  const off = Math.abs(now - Date.now());
  checks.push({
    check: "clock",
    ok: off <= MAX_CLOCK_MS,
    what: off <= MAX_CLOCK_MS
      ? "The clock is right"
      : `This device's clock is ${Math.round(off / 1000)} s off the server's: set it`,
  });
  const members = [...new Set([...terms.participants, ...terms.dealers ?? []])];
  const listed = await listHostKeys(supabase, terms.familyId, options);
  const active = listed.success
    ? new Map(
      listed.hostKeys.filter(({ retiredAt }) => retiredAt === null)
        .map((key) => [key.participantId, key.hostPublicKey]),
    )
    : new Map<string, string>();
  const keys = [...terms.hostPublicKeys, ...terms.dealerHostPublicKeys ?? []];
  const there = members.filter((who) => keys.includes(active.get(who) ?? "")).length;
  checks.push({
    check: "host keys",
    ok: there === members.length,
    what: `${there} of ${members.length} host keys are those that are registered now`,
  });
  const difference = paramsIdOf(terms) === paramsId
    ? differenceFrom(pin, terms, paramsId)
    : "Its params_id is not that of its terms: the server lies";
  checks.push({
    check: "pin",
    ok: difference === undefined,
    what: difference ?? "The ceremony is the one that was compared",
  });
  const own = keys.includes(hostKey.publicKey) && members.includes(participantId);
  checks.push({
    check: "device",
    ok: own,
    what: own
      ? "This device has its guardian's host key"
      : "The ceremony has another host key for this guardian: take its words",
  });
  return checks;
}

/** Writes, reads back and removes. */
async function storeCheck(store: CeremonyStore): Promise<Readiness> {
  const id = `readiness ${crypto.randomUUID()}`;
  try {
    const record = { params_id: id };
    await store.create(id, "certified", record);
    const found = await store.read(id, "certified");
    await store.remove(id, "certified");
    const ok = found?.params_id === id && await store.read(id, "certified") === undefined;
    return { check: "store", ok, what: ok ? "The device keeps things" : "The store forgets" };
  } catch (error) {
    return { check: "store", ok: false, what: `The store does not work: ${error}` };
  }
}
