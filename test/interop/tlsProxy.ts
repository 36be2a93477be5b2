import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";

/** Serves a local HTTP server over TLS, under a certificate made for it. */
export interface TlsProxy {
  url: string;
  /** The certificate, which a client has to trust. */
  caFile: string;
  stop(): Promise<void>;
}

export async function startTlsProxy(targetPort: number): Promise<TlsProxy> {
  const dir = mkdtempSync(join(tmpdir(), "gate-tls-"));
  const key = join(dir, "key.pem");
  const caFile = join(dir, "cert.pem");
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const args = [...request, "-keyout", key, "-out", caFile, ...names];
  const made = spawnSync("openssl", args, { encoding: "utf8" });
  if (made.status !== 0) {
    rmSync(dir, { recursive: true, force: true });
    throw new Error(
      made.error === undefined
        ? `\`openssl\` made no certificate for the clients: ${made.stderr}`
        : "the clients need `openssl` on PATH: pagerduty 7 takes https addresses only, and its certificate is made here",
    );
  }
  const sockets = new Set<Socket>();
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(caFile) },
    (encrypted) => {
      const plain = connect(targetPort, "127.0.0.1");
      for (const socket of [encrypted, plain]) {
        sockets.add(socket);
        socket.on("error", () => [encrypted, plain].forEach((one) => one.destroy()));
        socket.on("close", () => sockets.delete(socket));
      }
      encrypted.pipe(plain).pipe(encrypted);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    caFile,
    async stop() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
