/**
 * What people compare by voice.
 *
 * @module
 */
import { hostKeyFingerprint } from "../../ceremonies/host_key.ts";
import { wordsOf } from "../../presentation/fingerprint.ts";
import { Picture } from "./basics.tsx";

/** A host key: its digits, and a picture. */
export function HostKeyFingerprint({ hostPublicKey }: { hostPublicKey: string }) {
  return (
    <span class="fingerprint">
      <Picture of={hostPublicKey} />
      <code>{hostKeyFingerprint(hostPublicKey)}</code>
    </span>
  );
}

/** A hash of public things as words and a picture. */
export function HashWords({ hash }: { hash: string }) {
  return (
    <div class="fingerprint">
      <Picture of={hash} />
      <ol class="words public">
        {wordsOf(hash).map((word, i) => <li key={i}>{word}</li>)}
      </ol>
    </div>
  );
}
