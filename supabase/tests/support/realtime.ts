/**
 * A stack with Realtime: a socket that speaks as much of its protocol as private broadcasts take, and a
 * `realtime.send` in the database with the real one's signature that it passes messages on from.
 *
 * https://supabase.com/docs/guides/realtime/protocol
 */
import type { ServedStack } from "../../local/stack.ts";
import type { TestDatabase } from "./harness.ts";

/** What a client asked to join, with what. */
export interface Join {
  readonly topic: string;
  readonly isPrivate: boolean;
  readonly token: string;
}

export interface RealtimeStack extends ServedStack {
  readonly joins: readonly Join[];
  /** How many channels are joined now. */
  joined(): number;
  /** How many sockets are open now. */
  open(): number;
  /** Answers nothing from now on. */
  fallSilent(): void;
  /** Cuts all connections, as a restart of the server does. */
  cut(): void;
}

/** Serves `stack` with Realtime before it. */
export async function withRealtime<T>(
  stack: ServedStack & { readonly database: TestDatabase },
  work: (stack: RealtimeStack) => Promise<T>,
): Promise<T> {
  const { sql } = stack.database;
  await sql.unsafe(`
    create schema if not exists realtime;
    create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void language sql as $$
      select pg_notify('realtime', jsonb_build_object(
        'payload', payload, 'event', event, 'topic', topic, 'private', private)::text)
    $$;`);
  const joins: Join[] = [];
  let silent = false;
  const sockets = new Map<WebSocket, Set<string>>();
  const listening = await stack.database.connect("postgres", { max: 1 }).listen(
    "realtime",
    (text) => {
      const { payload, event, topic, private: isPrivate } = JSON.parse(text);
      if (!isPrivate) return;
      const full = `realtime:${topic}`;
      const message = JSON.stringify([null, null, full, "broadcast", {
        type: "broadcast",
        event,
        payload,
      }]);
      for (const [socket, topics] of sockets) if (topics.has(full)) socket.send(message);
    },
  );
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    if (url.pathname !== "/realtime/v1/websocket") {
      // Whoever waits may give up.
      return fetch(new Request(stack.apiUrl + url.pathname + url.search, request))
        .catch(() => new Response(null, { status: 502 }));
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    const topics = new Set<string>();
    sockets.set(socket, topics);
    socket.onclose = () => sockets.delete(socket);
    socket.onmessage = ({ data }) => {
      if (silent) return;
      const [joinRef, ref, topic, event, payload] = JSON.parse(data);
      const reply = (status: string, response: object) =>
        socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status, response }]));
      if (event === "heartbeat") return reply("ok", {});
      if (event === "phx_leave") {
        topics.delete(topic);
        return reply("ok", {});
      }
      if (event !== "phx_join") return;
      joins.push({
        topic,
        isPrivate: payload.config.private === true,
        token: payload.access_token,
      });
      topics.add(topic);
      reply("ok", { postgres_changes: [] });
    };
    return response;
  });
  const cut = () => {
    for (const socket of sockets.keys()) socket.close();
  };
  try {
    return await work({
      ...stack,
      apiUrl: `http://127.0.0.1:${server.addr.port}`,
      joins,
      joined: () => [...sockets.values()].reduce((sum, topics) => sum + topics.size, 0),
      open: () => sockets.size,
      fallSilent: () => void (silent = true),
      cut,
    });
  } finally {
    await listening.unlisten();
    cut();
    await server.shutdown();
  }
}
