/**
 * What the commands work with: the guardian's device and its account.
 *
 * @module
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { Guardian } from "../guardian/guardian.ts";
import { guardianTransport } from "../guardian/guardian_transport.ts";
import type { SigningSession } from "../guardian/signing_session.ts";
import type { KeptShare } from "../guardian/key_share.ts";
import { sessionTextFor } from "../presentation/session_text.ts";
import { agree, chosen, secret } from "./ask.ts";
import { Device, type Settings } from "./device.ts";
import type { Output } from "./output.ts";

/** Where a passphrase is read from if nobody can be asked. */
export const PASSPHRASE_FILE = "PERMAFROST_PASSPHRASE_FILE";

/** The device of the folder, which asks for its passphrase when it needs it. */
export function openDevice(): Device {
  return new Device(() => secret("Passphrase of this device", PASSPHRASE_FILE));
}

/** The device of a folder that has no guardian yet, under a passphrase that is chosen now. */
export async function newDevice(): Promise<Device> {
  const device = new Device(() => chosen("A passphrase for this device", PASSPHRASE_FILE));
  await device.checkEmpty();
  return device;
}

/** A guardian, ready to answer. */
export interface Ready {
  readonly settings: Settings;
  readonly supabase: SupabaseClient;
  readonly share: KeptShare;
  readonly guardian: Guardian;
}

/**
 * The guardian of the folder.
 *
 * @param approve - Asked with what came together.
 */
export async function openGuardian(
  device: Device,
  approve: (sessions: readonly SigningSession[], share: KeptShare) => Promise<boolean>,
): Promise<Ready> {
  const settings = await device.settings();
  const supabase = await device.client();
  const share = await device.share();
  const guardian = new Guardian({
    keyShare: share.keyShare,
    store: await device.nonces(),
    transport: guardianTransport(supabase),
    familyId: settings.familyId,
    approveAll: (sessions) => approve(sessions, share),
  });
  return { settings, supabase, share, guardian };
}

/**
 * Shows what is to be signed and asks. A hash that is not that of its event is not signed; one that nobody can read, not
 * without having been asked, unless `unreadable` says so.
 */
export async function askPerson(
  output: Output,
  sessions: readonly SigningSession[],
  share: KeptShare,
  { yes = false, unreadable = false, signal }: {
    yes?: boolean;
    unreadable?: boolean;
    signal?: AbortSignal;
  },
): Promise<boolean> {
  let isClear = true;
  for (const session of sessions) {
    const { lines, readable } = sessionTextFor(share, session);
    for (const { label, text } of lines) output.progress(`${label}: ${text}`);
    if (!readable && session.event_template !== undefined && session.event_template !== null) {
      output.progress("The hash is not that of this event: it is not signed.");
      return false;
    }
    isClear &&= readable;
  }
  if (yes && !isClear && !unreadable) {
    output.progress(
      "Nobody can read what this hash stands for: --yes does not sign it without --unreadable.",
    );
    return false;
  }
  return yes || await output.quietly(() =>
    agree(
      isClear
        ? "Sign this? It cannot be taken back"
        : "Sign this, though nobody can read what it stands for? It cannot be taken back",
      signal,
    )
  );
}
