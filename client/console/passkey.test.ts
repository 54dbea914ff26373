import assert from "node:assert/strict";
import "fake-indexeddb/auto";
import { behind, done, dump, refuses } from "./stored_vault.ts";
import { Vault, type VaultErrorCode } from "./vault.ts";

// What a real browser does is in supabase/tests/client/vault.test.ts; here are authenticators that none has to try.

const PASSPHRASE = "four words are better";

/** An authenticator. A `DOMException` is thrown in place of an answer. */
interface Scripted {
  /** What `create()` says of the extension. */
  readonly enabled?: boolean;
  readonly create?: DOMException;
  /** What it computes, call by call; the last one stays. */
  readonly get?: readonly (Uint8Array | DOMException | undefined)[];
}

const random = () => crypto.getRandomValues(new Uint8Array(32));
const domException = (name: string) => new DOMException("No", name);

/** Runs `work` with `navigator.credentials`; answers what was asked of it. */
async function withAuthenticator(
  { enabled, create, get = [random()] }: Scripted,
  work: () => Promise<void>,
): Promise<PublicKeyCredentialRequestOptions[]> {
  const asked: PublicKeyCredentialRequestOptions[] = [];
  const rawId = random().buffer;
  const answer = (prf: unknown) => ({ rawId, getClientExtensionResults: () => ({ prf }) });
  const credentials = {
    create({ publicKey }: { publicKey: PublicKeyCredentialCreationOptions }) {
      assert.equal(publicKey.authenticatorSelection?.userVerification, "required");
      assert.equal(publicKey.authenticatorSelection?.residentKey, "required");
      return create ? Promise.reject(create) : Promise.resolve(answer({ enabled }));
    },
    get({ publicKey }: { publicKey: PublicKeyCredentialRequestOptions }) {
      assert.equal(publicKey.userVerification, "required");
      const computed = get[Math.min(asked.length, get.length - 1)];
      asked.push(publicKey);
      if (computed instanceof DOMException) return Promise.reject(computed);
      // The page overwrites it.
      const results = computed && { first: computed.slice().buffer };
      return Promise.resolve(answer({ results }));
    },
  };
  Object.defineProperty(navigator, "credentials", { configurable: true, value: credentials });
  try {
    await work();
  } finally {
    Reflect.deleteProperty(navigator, "credentials");
  }
  return asked;
}

Deno.test("a passkey is stored once it has given the main key back, and not before", async () => {
  const vault = await Vault.create(PASSPHRASE, "proven");
  await vault.write("a", "of a");
  const before = await dump("proven");
  const refusals: readonly [Scripted, VaultErrorCode, string][] = [
    [{ enabled: false }, "no_prf", "it says that it computes nothing"],
    [{ get: [undefined] }, "no_prf", "it computes nothing"],
    [{ get: [random().slice(1)] }, "no_prf", "31 bytes"],
    [{ get: [random(), undefined] }, "no_prf", "it computes nothing a second time"],
    [{ get: [random(), random()] }, "damaged", "it computes something else each time"],
    [{ create: domException("NotAllowedError") }, "passkey_cancelled", "cancelled at first"],
    [{ get: [domException("NotAllowedError")] }, "passkey_cancelled", "cancelled then"],
    [{ get: [random(), domException("AbortError")] }, "passkey_cancelled", "cancelled at last"],
    [{ create: domException("SecurityError") }, "no_prf", "an IP address"],
    [{ create: domException("NotSupportedError") }, "no_prf", "no algorithm in common"],
  ];
  for (const [authenticator, code, what] of refusals) {
    await withAuthenticator(authenticator, () => refuses(vault.addPasskey("Ann"), code));
    assert.deepEqual(await dump("proven"), before, what);
  }
  await refuses(vault.addPasskey("Ann"), "no_prf");
  assert.deepEqual(await dump("proven"), before, "where there is no WebAuthn");

  const computed = random();
  const asked = await withAuthenticator({ get: [computed] }, async () => {
    await vault.addPasskey("Ann");
    assert.equal(await (await Vault.openWithPasskey("proven")).read("a"), "of a");
  });
  const inputs = asked.map((options) => options.extensions?.prf?.eval?.first);
  assert.deepEqual(inputs, [inputs[0], inputs[0], inputs[0]]);
  const hex = [...computed].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.ok(!JSON.stringify([...await dump("proven")]).includes(hex));
  await withAuthenticator({}, () => refuses(Vault.openWithPasskey("proven"), "damaged"));
});

Deno.test("a passkey's lock of another vault opens nothing", async () => {
  const computed = random();
  const [one, two] = await Promise.all([
    Vault.create(PASSPHRASE, "one"),
    Vault.create(PASSPHRASE, "two"),
  ]);
  await withAuthenticator({ get: [computed] }, async () => {
    await one.addPasskey("Ann");
    await two.addPasskey("Ann");
    const [locks, others] = await Promise.all(
      ["one", "two"].map((name) => behind(name, (store) => done(store.get("locks")))),
    );
    const mixed = { ...others, passkey: locks.passkey };
    await behind("two", (store) => done(store.put(mixed, "locks")));
    await refuses(Vault.openWithPasskey("two"), "damaged");
  });
  assert.ok(await Vault.open(PASSPHRASE, "two"));
});

Deno.test("lock() while the passkey is asked for adds none; neither do two tabs at once", async () => {
  const vault = await Vault.create(PASSPHRASE, "asked");
  const other = await Vault.open(PASSPHRASE, "asked");
  await withAuthenticator({}, async () => {
    const adding = refuses(vault.addPasskey("Ann"), "locked");
    vault.lock();
    await adding;
    assert.equal(await Vault.hasPasskey("asked"), false);
    const third = await Vault.open(PASSPHRASE, "asked");
    const added = await Promise.allSettled([other.addPasskey("Ann"), third.addPasskey("Ann")]);
    assert.deepEqual(added.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    for (const outcome of added) {
      if (outcome.status === "rejected") await refuses(Promise.reject(outcome.reason), "exists");
    }
    assert.ok(await Vault.openWithPasskey("asked"));
  });
});
