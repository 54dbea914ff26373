/**
 * What the commands work with: the guardian's device and its account.
 *
 * @module
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { Guardian } from "../guardian/guardian.ts";
import { guardianTransport } from "../guardian/guardian_transport.ts";
import type { SigningSession } from "../guardian/signing_session.ts";
import type { KeyShare } from "../guardian/key_share.ts";
import { sessionText } from "../presentation/session_text.ts";
import { agree, secret } from "./ask.ts";
import { Device, type Settings } from "./device.ts";
import type { Output } from "./output.ts";

/** Where a passphrase is read from if nobody can be asked. */
export const PASSPHRASE_FILE = "PERMAFROST_PASSPHRASE_FILE";

/** The device of the folder, which asks for its passphrase when it needs it. */
export function openDevice(): Device {
  return new Device(() => secret("Passphrase of this device", PASSPHRASE_FILE));
}

/** A guardian, ready to answer. */
export interface Ready {
  readonly settings: Settings;
  readonly supabase: SupabaseClient;
  readonly keyShare: KeyShare;
  readonly guardian: Guardian;
}

/**
 * The guardian of the folder.
 *
 * @param approve - Asked with what came together.
 */
export async function openGuardian(
  device: Device,
  approve: (sessions: readonly SigningSession[], keyShare: KeyShare) => Promise<boolean>,
): Promise<Ready> {
  const settings = await device.settings();
  const supabase = await device.client();
  const keyShare = await device.share();
  const guardian = new Guardian({
    keyShare,
    store: await device.nonces(),
    transport: guardianTransport(supabase),
    familyId: settings.familyId,
    approveAll: (sessions) => approve(sessions, keyShare),
  });
  return { settings, supabase, keyShare, guardian };
}

/** Shows what is to be signed and asks; what nobody can read is not approved. */
export async function askPerson(
  output: Output,
  sessions: readonly SigningSession[],
  keyShare: KeyShare,
  { yes = false, signal }: { yes?: boolean; signal?: AbortSignal },
): Promise<boolean> {
  for (const session of sessions) {
    const { lines, readable } = sessionText(session, keyShare);
    output.progress(lines.map(({ label, text }) => `${label}: ${text}`).join("\n"));
    if (!readable && session.event_template !== undefined && session.event_template !== null) {
      output.progress("The hash is not that of this event: it is not signed.");
      return false;
    }
  }
  return yes ||
    await output.quietly(() => agree("Sign this? It cannot be taken back", signal));
}
