/**
 * The page: who is here, what is unlocked, which family, and which of its pages.
 *
 * @module
 */
import { useComputed, useSignalEffect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { HostKey } from "../ceremonies/host_key.ts";
import { marked } from "../presentation/session_text.ts";
import type { Account } from "./account.ts";
import { PageDevice } from "./device.ts";
import { FamilyDesk } from "./family_desk.ts";
import { LogIn, MakeHostKey, MakeVault, NoFamily, OpenVault, ShowWords } from "./pages/entry.tsx";
import { Routes, useRoute } from "./routes.tsx";
import { tellOfWork } from "./telling.ts";
import { UpdateNotice } from "./parts/update.tsx";
import { Vault, VaultError } from "./vault.ts";

/** The whole page. */
export function App({ account }: { account: Account }) {
  const claims = account.claims.value;
  const [opened, setOpened] = useState<{ vault: Vault; owner: string }>();
  const { userId } = account;
  // Another user's keys never act in this one's name. Who logs in again after its login has ended goes on.
  const vault = opened?.owner === userId ? opened.vault : undefined;
  const lock = () => {
    opened?.vault.lock();
    setOpened(undefined);
  };
  useEffect(() => {
    // The browser's data were cleared: there is nothing to go on with.
    const onRejection = ({ reason }: PromiseRejectionEvent) => {
      if (reason instanceof VaultError && reason.code === "missing") lock();
    };
    addEventListener("unhandledrejection", onRejection);
    return () => removeEventListener("unhandledrejection", onRejection);
  }, [opened]);
  return (
    <>
      <UpdateNotice />
      {claims === undefined ? <main>Opening …</main> : claims === null
        ? (
          <main>
            <LogIn account={account} ended={opened !== undefined} />
          </main>
        )
        : vault === undefined
        ? (
          <main>
            <Lock
              name={`permafrost-${userId}`}
              onVault={(vault) => setOpened({ vault, owner: userId })}
            />
          </main>
        )
        : (
          <Unlocked
            key={userId}
            account={account}
            vault={vault}
            name={`permafrost-${userId}`}
            onLock={lock}
          />
        )}
    </>
  );
}

function Lock({ name, onVault }: { name: string; onVault: (vault: Vault) => void }) {
  const [found, setFound] = useState<{ exists: boolean; passkey: boolean }>();
  useEffect(() => {
    void (async () => {
      const exists = await Vault.exists(name);
      setFound({ exists, passkey: exists && await Vault.hasPasskey(name) });
    })();
  }, [name]);
  if (found === undefined) return null;
  return found.exists
    ? <OpenVault name={name} passkey={found.passkey} onVault={onVault} />
    : <MakeVault name={name} onVault={onVault} />;
}

function Unlocked(
  { account, vault, name, onLock }: {
    account: Account;
    vault: Vault;
    name: string;
    onLock: () => void;
  },
) {
  const [device] = useState(() => new PageDevice(vault));
  const [key, setKey] = useState<{ hostKey: HostKey | undefined; onPaper: boolean }>();
  const look = async () => {
    const hostKey = await device.hostKey();
    const onPaper = hostKey !== undefined && await device.wordsAreOnPaper(hostKey);
    setKey({ hostKey, onPaper });
  };
  useEffect(() => void look(), []);
  if (key === undefined) return null;
  const { hostKey, onPaper } = key;
  if (hostKey === undefined) {
    return (
      <main>
        <MakeHostKey device={device} onDone={look} />
      </main>
    );
  }
  if (!onPaper) {
    return (
      <main>
        <ShowWords {...{ device, hostKey }} onDone={look} />
      </main>
    );
  }
  return <Member {...{ account, device, hostKey, name, onLock }} />;
}

const FAMILY = "permafrost-family";

function Member(
  { account, device, hostKey, name, onLock }: {
    account: Account;
    device: PageDevice;
    hostKey: HostKey;
    name: string;
    onLock: () => void;
  },
) {
  const memberships = account.memberships.value;
  const families = Object.keys(memberships);
  const [chosen, setChosen] = useState(localStorage.getItem(FAMILY) ?? "");
  const [desks, setDesks] = useState<ReadonlyMap<string, FamilyDesk>>(new Map());
  // All of them are at work: what awaits in one is not to wait until it is looked at.
  useEffect(() => {
    const opening = Object.entries(memberships).map((member) =>
      FamilyDesk.open(account.supabase, member, device, hostKey)
    );
    let isClosed = false;
    void Promise.all(opening).then((all) => {
      if (!isClosed) setDesks(new Map(all.map((desk) => [desk.familyId, desk])));
    });
    return () => {
      isClosed = true;
      setDesks(new Map());
      for (const desk of opening) void desk.then((opened) => opened.close());
    };
  }, [JSON.stringify(memberships)]);
  const [first] = families;
  if (first === undefined) {
    return (
      <main>
        <NoFamily {...{ account, onLock }} />
      </main>
    );
  }
  const family = desks.get(families.includes(chosen) ? chosen : first);
  const choose = (id: string) => {
    localStorage.setItem(FAMILY, id);
    setChosen(id);
  };
  return family === undefined ? null : (
    <>
      <Header key={family.familyId} {...{ account, family, desks, choose }} />
      <Routes key={`${family.familyId} routes`} {...{ account, family, name, onLock }} />
    </>
  );
}

const PAGES = ["Inbox", "Sessions", "Ceremonies", "Family", "Device"] as const;

function Header(
  { account, family, desks, choose }: {
    account: Account;
    family: FamilyDesk;
    desks: ReadonlyMap<string, FamilyDesk>;
    choose: (id: string) => void;
  },
) {
  const [page] = useRoute();
  const waiting = useComputed(() => family.waiting.value);
  useSignalEffect(() => {
    tellOfWork([...desks.values()].reduce((sum, desk) => sum + desk.waiting.value, 0));
  });
  const pages = account.isOperator.value ? [...PAGES, "Operators"] : PAGES;
  return (
    <header>
      <a class="skip" href="#main">To the page</a>
      <span class="brand">Permafrost</span>
      {desks.size < 2 ? null : (
        <label>
          Family{" "}
          <select
            value={family.familyId}
            onChange={({ currentTarget }) => choose(currentTarget.value)}
          >
            {[...desks].map(([id, { waiting }]) => (
              <option key={id} value={id}>
                {marked(id)}
                {waiting.value === 0 ? "" : ` (${waiting.value} waiting)`}
              </option>
            ))}
          </select>
        </label>
      )}
      <nav aria-label="Pages">
        {pages.map((name) => (
          <a
            key={name}
            href={`#/${name.toLowerCase()}`}
            aria-current={page === name.toLowerCase() ? "page" : undefined}
          >
            {name}
            {name === "Inbox" && waiting.value > 0
              ? (
                <span class="badge">
                  {waiting.value}
                  <span class="hidden">waiting</span>
                </span>
              )
              : null}
          </a>
        ))}
      </nav>
    </header>
  );
}
