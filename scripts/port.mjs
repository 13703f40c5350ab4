// Ends with 0 where the port (first argument) is free on this machine, else with one sentence and 1.
import { createServer } from "node:net";

const port = Number(process.argv[2]);
const server = createServer();
server.on("error", (error) => {
  const sentences = {
    EADDRINUSE: `Port ${port} is taken by another program: choose another with --port, or 0 for a free one.`,
    EACCES: `Port ${port} needs rights that this account lacks: choose one above 1023 with --port.`,
  };
  console.error(sentences[error.code] ?? `Port ${port} cannot be used (${error.code}): choose another with --port.`);
  process.exit(1);
});
server.listen(port, "127.0.0.1", () => server.close());
