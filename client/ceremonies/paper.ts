/**
 * Recovery data on paper, as texts of QR codes: deflated, cut into pieces, and in Base45 (RFC 9285), which QR codes hold
 * best. Each text is `PERMAFROST RECOVERY <number>/<count> <id> <piece>`; the id, 8 hex digits, is the beginning of the
 * SHA-256 of all pieces together.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes } from "@noble/hashes/utils.js";
import { RecoveryDataError } from "./recovery_data.ts";

/** So that a code is read from paper by a phone: 975 characters, version 18 with the least correction. */
const PIECE_BYTES = 650;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const FORM = /^PERMAFROST RECOVERY (\d{1,3})\/(\d{1,3}) ([0-9A-F]{8}) (.+)$/;

/** What `get_recovery_data` answers, as texts for one QR code each. */
export async function toPaper(recoveryData: unknown): Promise<string[]> {
  const json = new TextEncoder().encode(JSON.stringify(recoveryData));
  const bytes = await piped(json, new CompressionStream("deflate"));
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  const id = idOf(bytes);
  return Array.from({ length: count }, (_, i) => {
    const piece = bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
    return `PERMAFROST RECOVERY ${i + 1}/${count} ${id} ${toBase45(piece)}`;
  });
}

/**
 * What was printed, from its texts in any order; one that is there twice does no harm.
 *
 * @throws {RecoveryDataError} that says which are missing, or that they are not of one export.
 */
export async function fromPaper(texts: readonly string[]): Promise<unknown> {
  const pieces = new Map<number, Uint8Array>();
  const exports = new Set<string>();
  for (const text of texts) {
    const [, number, count, id, piece] = FORM.exec(text) ?? [];
    if (piece === undefined) throw new RecoveryDataError("A text is not of recovery data");
    exports.add(`${count} ${id}`);
    pieces.set(Number(number), fromBase45(piece));
  }
  const [first = "1 ", ...others] = exports;
  if (others.length > 0) throw new RecoveryDataError("The texts are of different exports");
  const [count, id] = first.split(" ");
  const numbers = Array.from({ length: Number(count) }, (_, i) => i + 1);
  const missing = numbers.filter((number) => !pieces.has(number));
  if (missing.length > 0) throw new RecoveryDataError(`Missing: ${missing.join(", ")} of ${count}`);
  const bytes = concatBytes(...numbers.map((number) => pieces.get(number) ?? new Uint8Array()));
  if (idOf(bytes) !== id) throw new RecoveryDataError("A text was misread");
  const json = await piped(bytes, new DecompressionStream("deflate"));
  return JSON.parse(new TextDecoder().decode(json));
}

const idOf = (bytes: Uint8Array) => bytesToHex(sha256(bytes)).slice(0, 8).toUpperCase();

async function piped(
  bytes: Uint8Array,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Bytes as RFC 9285 has them. */
export function toBase45(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const isPair = i + 1 < bytes.length;
    const value = isPair ? 256 * bytes[i] + bytes[i + 1] : bytes[i];
    text += DIGITS[value % 45] + DIGITS[Math.floor(value / 45) % 45];
    if (isPair) text += DIGITS[Math.floor(value / 2025)];
  }
  return text;
}

function fromBase45(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 3) {
    const digits = [...text.slice(i, i + 3)].map((digit) => DIGITS.indexOf(digit));
    const value = digits.reduceRight((sum, digit) => 45 * sum + digit, 0);
    const most = digits.length === 3 ? 0xffff : 0xff;
    if (digits.length === 1 || digits.includes(-1) || value > most) {
      throw new RecoveryDataError("A text was misread");
    }
    if (digits.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
