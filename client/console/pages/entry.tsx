/**
 * The way in: logging in, being in no family yet, making or opening the vault, the 24 words.
 *
 * @module
 */
import { useState } from "preact/hooks";
import { HostKey, HostKeyError } from "../../ceremonies/host_key.ts";
import type { Account } from "../account.ts";
import type { PageDevice } from "../device.ts";
import { Vault, VaultError } from "../vault.ts";
import { Act, Field, Page, Tick } from "../parts/basics.tsx";
import { NewPassphrase } from "../parts/new_passphrase.tsx";

/** Logging in, or signing up. */
export function LogIn({ account, ended }: { account: Account; ended: boolean }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  return (
    <Page title="Log in">
      {ended
        ? <p class="notice">Your login has ended. Nothing on this device is lost: log in again.</p>
        : null}
      <Field label="E-mail" type="email" autoComplete="username" value={email} onValue={setEmail} />
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        value={password}
        onValue={setPassword}
      />
      <p class="acts">
        <Act kind="main" work={() => account.logIn(email, password)}>Log in</Act>
        <Act work={() => account.signUp(email, password)}>Sign up</Act>
      </p>
    </Page>
  );
}

/** Logged in, and in no family. */
export function NoFamily({ account, onLock }: { account: Account; onLock: () => void }) {
  const logOut = async () => {
    await account.logOut();
    onLock();
  };
  return (
    <Page title="You are in no family yet">
      <p>
        Give this to whoever runs your project. They put you into your family; then look again.
      </p>
      <p>
        Your user id: <code>{account.userId}</code>
      </p>
      <p class="acts">
        <Act kind="main" work={() => account.lookAgain()}>Look again</Act>
        <Act work={logOut}>Log out</Act>
      </p>
    </Page>
  );
}

/** Making the vault of this browser. */
export function MakeVault({ name, onVault }: { name: string; onVault: (vault: Vault) => void }) {
  return (
    <Page title="Protect this browser">
      <p>
        Your keys are kept in this browser, encrypted. Choose a passphrase that only you know. It is
        asked each time this page is opened, and nobody can reset it.
      </p>
      <NewPassphrase
        label="Passphrase"
        kind="main"
        onChosen={async (passphrase) => onVault(await Vault.create(passphrase, name))}
      >
        Protect
      </NewPassphrase>
    </Page>
  );
}

/** Opening the vault. */
export function OpenVault(
  { name, passkey, onVault }: { name: string; passkey: boolean; onVault: (vault: Vault) => void },
) {
  const [passphrase, setPassphrase] = useState("");
  const opened = async (opening: Promise<Vault>) => {
    try {
      onVault(await opening);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return error.message;
    }
  };
  return (
    <Page title="Unlock">
      <Field
        label="Passphrase"
        type="password"
        autoComplete="current-password"
        value={passphrase}
        onValue={setPassphrase}
      />
      <p class="acts">
        <Act kind="main" work={() => opened(Vault.open(passphrase, name))}>Unlock</Act>
        {passkey
          ? <Act work={() => opened(Vault.openWithPasskey(name))}>Unlock with the passkey</Act>
          : null}
      </p>
    </Page>
  );
}

/** A new host key, or one from paper. */
export function MakeHostKey({ device, onDone }: { device: PageDevice; onDone: () => void }) {
  const [words, setWords] = useState("");
  const [hasWords, setHasWords] = useState(false);
  const keep = async (hostKey: HostKey, onPaper: boolean) => {
    if (await device.keepHostKey(hostKey, onPaper)) return onDone();
    // Words that are on paper are never replaced by those of another tab.
    if (!onPaper) return onDone();
    return "This browser has other words already, from another tab: close this one";
  };
  const restore = async () => {
    try {
      return await keep(HostKey.fromWords(words), true);
    } catch (error) {
      if (!(error instanceof HostKeyError)) throw error;
      return error.message;
    }
  };
  return (
    <Page title="Your 24 words">
      <p>
        Everything that you hold as a guardian can be got back with 24 words. They are made now, and
        shown once. Have paper and a pen ready, and be alone.
      </p>
      <p class="acts">
        <Act kind="main" work={() => keep(HostKey.generate(), false)}>Show my 24 words</Act>
      </p>
      <Tick checked={hasWords} onChecked={setHasWords}>
        I have 24 words on paper already, from another device
      </Tick>
      {hasWords
        ? (
          <>
            <Field label="The 24 words" lines={4} value={words} onValue={setWords} />
            <p class="acts">
              <Act work={restore}>Use these words</Act>
            </p>
          </>
        )
        : null}
    </Page>
  );
}

/** The words, until its person has written them down. */
export function ShowWords(
  { device, hostKey, onDone }: { device: PageDevice; hostKey: HostKey; onDone: () => void },
) {
  const [places, setPlaces] = useState<readonly number[]>();
  const [typed, setTyped] = useState<ReadonlyMap<number, string>>(new Map());
  const check = async () => {
    const asked = new Map((places ?? []).map((place) => [place, typed.get(place) ?? ""]));
    if (!hostKey.confirms(asked)) return "One of these is not the word on that place";
    await device.noteWordsOnPaper(hostKey);
    onDone();
  };
  if (places === undefined) {
    return (
      <Page title="Write these words down">
        <p class="notice">
          Whoever has them has everything you hold. On paper only: no photo, no file. Nobody will
          ever ask you for them.
        </p>
        <ol class="words">
          {hostKey.words.split(" ").map((word, i) => <li key={i}>{word}</li>)}
        </ol>
        <p class="acts">
          <button type="button" class="main" onClick={() => setPlaces(hostKey.placesToConfirm())}>
            I have written them down
          </button>
        </p>
      </Page>
    );
  }
  return (
    <Page title="What does your paper say?">
      {places.map((place) => (
        <Field
          key={place}
          label={`Word ${place}`}
          value={typed.get(place) ?? ""}
          onValue={(word) => setTyped(new Map(typed).set(place, word))}
        />
      ))}
      <p class="acts">
        <Act kind="main" work={check}>That is what it says</Act>
        <button type="button" onClick={() => setPlaces(undefined)}>Show the words again</button>
      </p>
    </Page>
  );
}
