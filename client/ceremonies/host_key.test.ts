import assert from "node:assert/strict";
import {
  hostKeyProofHash,
  isSignedByHostKey,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import { HostKey, HostKeyError, hostKeyFingerprint } from "./host_key.ts";

Deno.test("24 words are the key: the same words give the same key, whatever their case and spaces", () => {
  const hostKey = HostKey.generate();
  assert.equal(hostKey.words.split(" ").length, 24);
  const again = HostKey.fromWords(`  ${hostKey.words.toUpperCase().replaceAll(" ", "\n ")}`);
  assert.equal(again.publicKey, hostKey.publicKey);
  assert.equal(again.fingerprint, hostKeyFingerprint(hostKey.publicKey));
  assert.match(hostKey.fingerprint, /^(\d{5} ){4}\d{5}$/);
});

Deno.test("BIP-39's words of an entropy are its key, without a passphrase or PBKDF2", () => {
  // https://github.com/trezor/python-mnemonic/blob/master/vectors.json: 7f…7f and its words
  const words = "legal winner thank year wave sausage worth useful ".repeat(2) +
    "legal winner thank year wave sausage worth title";
  const secret = HostKey.fromWords(words).withSecret((bytes) => [...bytes]);
  assert.deepEqual(secret, Array(32).fill(0x7f));
});

Deno.test("words that are no key are refused with what is wrong, and no word is told", () => {
  const { words } = HostKey.generate();
  const list = words.split(" ");
  const swapped = [list[1], list[0], ...list.slice(2)].join(" ");
  const cases: [string, RegExp][] = [
    ["", /24 words, not 0/],
    [list.slice(1).join(" "), /24 words, not 23/],
    [["frosty", ...list.slice(1)].join(" "), /Word 1 is not in the list/],
    ["abandon ".repeat(23) + "art", /of no key/],
    ["zoo ".repeat(23) + "vote", /of no key/],
  ];
  if (list[0] !== list[1]) cases.push([swapped, /checksum/]);
  for (const [text, sentence] of cases) {
    assert.throws(() => HostKey.fromWords(text), (error) => {
      assert.ok(error instanceof HostKeyError);
      assert.match(error.message, sentence);
      assert.ok(list.every((word) => word.length < 5 || !error.message.includes(` ${word} `)));
      return true;
    });
  }
});

Deno.test("a proof is for one family, one participant and one key", () => {
  const hostKey = HostKey.generate();
  const proof = hostKey.proof("family", "ann");
  const { publicKey } = hostKey;
  assert.ok(isSignedByHostKey(hostKeyProofHash("family", "ann", publicKey), proof, publicKey));
  for (
    const hash of [
      hostKeyProofHash("families", "ann", publicKey),
      hostKeyProofHash("family", "anne", publicKey),
      hostKeyProofHash("family", "ann", HostKey.generate().publicKey),
    ]
  ) assert.ok(!isSignedByHostKey(hash, proof, publicKey));
});

Deno.test("a sealed key is opened by its passphrase alone, and tells when it was changed", async () => {
  const hostKey = HostKey.generate();
  const sealed = await hostKey.seal("correct horse battery staple");
  assert.ok(!sealed.includes(hostKey.withSecret((bytes) => bytes.toHex())));
  assert.equal(
    (await HostKey.open(sealed, "correct horse battery staple")).publicKey,
    hostKey.publicKey,
  );
  const changed = sealed.slice(0, -1) + (sealed.endsWith("0") ? "1" : "0");
  for (
    const [text, passphrase] of [
      [sealed, "correct horse"],
      [changed, "correct horse battery staple"],
      [sealed.replace("host-key", "key-share"), "correct horse battery staple"],
      ["", ""],
    ]
  ) {
    await assert.rejects(HostKey.open(text, passphrase), HostKeyError);
  }
});

Deno.test("what browsers have sealed, with @noble/hashes, opens here, with the platform's scrypt", async () => {
  const sealed =
    "permafrost-host-key-1.4ab1aebaf270d49edfafe65fe4bcaf56.8fcb49dc95ead4d441f2999d.88001fedca6c7da730818e422218022a911c9431cd981fe221370cbaa1d790a1fa60a632710e920a5a815a43c59fa048";
  const { words } = await HostKey.open(sealed, "four words are better");
  const eight = "legal winner thank year wave sausage worth";
  assert.equal(words, `${eight} useful ${eight} useful ${eight} title`);
});

Deno.test("a host key prints nothing of its secret", () => {
  const hostKey = HostKey.generate();
  const secret = hostKey.withSecret((bytes) => bytes.toHex());
  assert.ok(!JSON.stringify(hostKey).includes(secret) && !Deno.inspect(hostKey).includes(secret));
});

Deno.test("four words are asked for, and only the right ones confirm", () => {
  const hostKey = HostKey.generate();
  const words = hostKey.words.split(" ");
  const places = hostKey.placesToConfirm();
  assert.equal(new Set(places).size, 4);
  assert.ok(places.every((place) => place >= 1 && place <= 24));
  const right = new Map(places.map((place) => [place, words[place - 1].toUpperCase()]));
  assert.ok(hostKey.confirms(right));
  assert.ok(!hostKey.confirms(new Map([...right, [places[3], "frosty"]])));
  assert.ok(!hostKey.confirms(new Map()));
});
