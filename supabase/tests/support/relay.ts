/**
 * A small Nostr relay on loopback (NIP-01): takes events whose id and signature it has verified itself,
 * keeps them, and gives them back to clients that ask. It shares no code with the client.
 */
import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { sha256 } from "@noble/hashes/sha2.js";

interface Event {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: string[][];
  readonly content: string;
  readonly sig: string;
}

export interface Relay extends AsyncDisposable {
  readonly url: string;
  /** How many EVENT messages came. */
  received(): number;
}

/** How a relay answers a valid event: as it should, or otherwise. */
export type Behaviour = "as it should" | "blocks" | "silent" | "hangs up" | "gives no reasons";

/** Starts a relay. */
export function startRelay(behaviour: Behaviour = "as it should"): Relay {
  const events = new Map<string, Event>();
  const sockets = new Set<WebSocket>();
  let received = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    if (request.headers.get("upgrade") !== "websocket") return new Response("A relay");
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket);
    socket.onclose = () => sockets.delete(socket);
    socket.onmessage = ({ data }) => {
      const send = (...message: unknown[]) => socket.send(JSON.stringify(message));
      const [type, first, ...filters] = JSON.parse(data);
      if (type === "REQ") {
        const ids: string[] = filters.flatMap((filter: { ids?: string[] }) => filter.ids ?? []);
        for (const id of ids) if (events.has(id)) send("EVENT", first, events.get(id));
        return send("EOSE", first);
      }
      if (type !== "EVENT") return;
      received++;
      const event: Event = first;
      if (!isValid(event)) return send("OK", event.id, false, "invalid: bad id or signature");
      if (behaviour === "silent") return;
      if (behaviour === "hangs up") return socket.close();
      if (behaviour === "blocks") return send("OK", event.id, false, "blocked: not on the list");
      const known = events.has(event.id);
      events.set(event.id, event);
      if (behaviour === "gives no reasons") return send("OK", event.id, true);
      send("OK", event.id, true, known ? "duplicate: already have this event" : "");
    };
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}/`,
    received: () => received,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
}

function isValid({ id, pubkey, created_at, kind, tags, content, sig }: Event): boolean {
  const text = JSON.stringify([0, pubkey, created_at, kind, tags, content]);
  const digest = sha256(new TextEncoder().encode(text));
  return id === bytesToHex(digest) &&
    schnorr.verify(hexToBytes(sig), digest, hexToBytes(pubkey));
}
