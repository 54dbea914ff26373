/**
 * Serves the functions as the hosted platform does, in whichever Deno runs this; everything else it hands on to
 * the project's API. Prints its port, and ends with its standard input.
 */
const PREFIX = "/functions/v1/";

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
  async (request) => {
    const { pathname, search } = new URL(request.url);
    if (!pathname.startsWith(PREFIX)) {
      return await fetch(
        new Request(`${Deno.env.get("SUPABASE_URL")}${pathname}${search}`, request),
      );
    }
    const name = pathname.slice(PREFIX.length);
    const { default: served } = await import(`../../functions/${name}/index.ts`);
    return await served.fetch(request);
  },
);

for await (const _ of Deno.stdin.readable);
await server.shutdown();
