import assert from "node:assert/strict";
import jsQR from "jsqr";
import { encode } from "uqr";
import { fromPaper, toBase45, toPaper } from "./paper.ts";
import { RecoveryDataError } from "./recovery_data.ts";

/** Of so many bytes that nothing deflates. */
function dataOf(bytes: number): { readonly params: string } {
  const drawn = crypto.getRandomValues(new Uint8Array(bytes));
  return { params: btoa(String.fromCharCode(...drawn)) };
}

Deno.test("recovery data comes back from its texts, in any order, whatever its size", async () => {
  for (const bytes of [0, 1, 2, 639, 640, 641, 5_000]) {
    const data = dataOf(bytes);
    const texts = await toPaper(data);
    assert.deepEqual(await fromPaper([...texts, texts[0]].reverse()), data);
  }
});

Deno.test("each text is a QR code that another implementation reads", async () => {
  const texts = await toPaper(dataOf(2_000));
  assert.ok(texts.length > 2);
  for (const text of texts) {
    const { data, size, version } = encode(text, { border: 4 });
    assert.ok(version <= 18, `version ${version}`);
    const pixels = Uint8ClampedArray.from(
      data.flat().flatMap((dark) => [...[0, 0, 0].fill(dark ? 0 : 255), 255]),
    );
    assert.equal(enlarged(pixels, size), text);
  }
});

/** A reader wants some pixels for each module. */
function enlarged(pixels: Uint8ClampedArray, size: number, by = 4): string | undefined {
  const large = new Uint8ClampedArray(4 * (size * by) ** 2);
  for (let y = 0; y < size * by; y++) {
    for (let x = 0; x < size * by; x++) {
      const at = 4 * (Math.floor(y / by) * size + Math.floor(x / by));
      large.set(pixels.subarray(at, at + 4), 4 * (y * size * by + x));
    }
  }
  return jsQR.default(large, size * by, size * by)?.data;
}

Deno.test("a text that is missing, misread or of another export is named", async () => {
  const [texts, others] = [await toPaper(dataOf(2_000)), await toPaper(dataOf(2_000))];
  const refused = (some: readonly string[], message: RegExp) =>
    assert.rejects(() => fromPaper(some), (error) => {
      assert.ok(error instanceof RecoveryDataError);
      assert.match(error.message, message);
      return true;
    });
  await refused(texts.slice(1), /^Missing: 1 of \d$/);
  await refused([], /^Missing: 1 of 1$/);
  await refused([...texts.slice(1), others[0]], /different exports/);
  await refused([texts[0].replace("PERMAFROST", "Permafrost")], /not of recovery data/);
  const misread = texts[0].slice(0, -1) + (texts[0].endsWith("0") ? "1" : "0");
  await refused([misread, ...texts.slice(1)], /misread/);
  await refused([`${texts[0].slice(0, -3)}:::`, ...texts.slice(1)], /misread/);
});

Deno.test("the digits are those of RFC 9285", () => {
  // The examples of its section 4.3.
  for (
    const [bytes, digits] of [["AB", "BB8"], ["Hello!!", "%69 VD92EX0"], ["base-45", "UJCLQE7W581"]]
  ) {
    assert.equal(toBase45(new TextEncoder().encode(bytes)), digits);
  }
});
