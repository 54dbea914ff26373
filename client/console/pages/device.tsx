/**
 * This browser: what it keeps, how it is locked, and what would be lost.
 *
 * @module
 */
import { useEffect, useState } from "preact/hooks";
import { toPaper } from "../../ceremonies/paper.ts";
import { readRecoveryData } from "../../ceremonies/recovery.ts";
import { qrSheet } from "../../presentation/qr_sheet.ts";
import { readCurrentKeyPackage } from "../../sessions/key_packages.ts";
import type { Account } from "../account.ts";
import type { FamilyDesk } from "../family_desk.ts";
import { askToPersist, persistenceSentence } from "../persistence.ts";
import { Act, Page, Tick } from "../parts/basics.tsx";
import { NewPassphrase } from "../parts/new_passphrase.tsx";
import { Vault, VaultError } from "../vault.ts";

interface Props {
  readonly account: Account;
  readonly family: FamilyDesk;
  /** The vault's name. */
  readonly name: string;
  readonly onLock: () => void;
}

/** The page. */
export function DevicePage({ account, family, name, onLock }: Props) {
  return (
    <Page title="Device">
      <Keeping />
      <Locks vault={family.device.vault} name={name} />
      <Unreadable family={family} />
      <Notifications />
      <Paper account={account} family={family} />
      <h2>Leaving</h2>
      <p class="acts">
        <button type="button" onClick={onLock}>Lock</button>
        <Act
          work={async () => {
            await account.logOut();
            onLock();
          }}
        >
          Log out
        </Act>
      </p>
      <p class="dim">What this device keeps stays on it, encrypted.</p>
      <Version />
    </Page>
  );
}

function Keeping() {
  const [persisted, setPersisted] = useState<boolean | undefined>();
  useEffect(() => void askToPersist().then((answer) => setPersisted(answer.persisted)), []);
  return (
    <>
      <h2>What this browser keeps</h2>
      <p>{persistenceSentence(persisted)}</p>
    </>
  );
}

function Locks({ vault, name }: { vault: Vault; name: string }) {
  const [passkey, setPasskey] = useState<boolean>();
  const look = () => void Vault.hasPasskey(name).then(setPasskey);
  useEffect(look, []);
  const done = async (work: Promise<void>) => {
    try {
      await work;
      look();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return error.message;
    }
  };
  return (
    <>
      <h2>Locks</h2>
      <p>
        The passphrase always opens this device. A passkey is a second way, for convenience: it is
        lost when it is deleted, or when this page moves to another address.
      </p>
      <p class="acts">
        {passkey
          ? <Act work={() => done(vault.removePasskey())}>Remove the passkey</Act>
          : <Act work={() => done(vault.addPasskey("Permafrost"))}>Add a passkey</Act>}
      </p>
      <NewPassphrase
        label="Another passphrase"
        onChosen={(next) => vault.changePassphrase(next)}
      >
        Change the passphrase
      </NewPassphrase>
    </>
  );
}

function Unreadable({ family }: { family: FamilyDesk }) {
  const [allowed, setAllowed] = useState(false);
  const { device, familyId } = family;
  useEffect(() => void device.signsUnreadable(familyId).then(setAllowed), []);
  return (
    <>
      <h2>What nobody can read</h2>
      <Tick
        checked={allowed}
        onChecked={(checked) => {
          setAllowed(checked);
          void device.allowUnreadable(familyId, checked);
        }}
      >
        This device may sign hashes without an event, for this family
      </Tick>
    </>
  );
}

function Notifications() {
  const [state, setState] = useState(
    "Notification" in globalThis ? Notification.permission : "denied",
  );
  return (
    <>
      <h2>Notifications</h2>
      {state === "default"
        ? (
          <p class="acts">
            <Act
              work={async () => {
                setState(await Notification.requestPermission());
              }}
            >
              Tell me when something awaits me
            </Act>
          </p>
        )
        : (
          <p>
            {state === "granted"
              ? "On, while this page is open."
              : "This browser does not allow them."}
          </p>
        )}
    </>
  );
}

/** The recovery data on paper: with the 24 words they bring the share back without any server. */
function Paper({ account, family }: { account: Account; family: FamilyDesk }) {
  const make = async () => {
    const current = await readCurrentKeyPackage(account.supabase, family.familyId);
    if (!current.success) return current.error;
    const { key_package_id } = current.keyPackage;
    const read = await readRecoveryData(account.supabase, key_package_id);
    if (!read.success) return read.error;
    const texts = await toPaper(read.recoveryData);
    const { epoch } = read.recoveryData.key_package;
    const svg = qrSheet(texts, `${family.familyId}, epoch ${epoch}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    link.download = `permafrost-${family.familyId}-epoch-${epoch}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      <h2>On paper</h2>
      <p>
        Print this beside your 24 words. Together they bring your share back, also where there is no
        server any more. It is no secret, and for the guardians alone.
      </p>
      <p class="acts">
        <Act work={make}>Save the recovery sheet</Act>
      </p>
    </>
  );
}

/** Which build this is, for a second device to compare. */
function Version() {
  const [digest, setDigest] = useState<string>();
  useEffect(() =>
    void (async () => {
      const bytes = await (await fetch("./manifest.json")).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      setDigest([...hash].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    })().catch(() => {}), []);
  return digest === undefined ? null : (
    <p class="dim">
      This page's files:{" "}
      <code>{digest}</code>. The build has printed the same, if nobody has changed them.
    </p>
  );
}
