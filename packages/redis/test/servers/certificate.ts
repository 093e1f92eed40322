import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Makes a certificate for 127.0.0.1 that signs itself. */
export function makeCertificate(folder: string): { key: string; certificate: string; ca: string } {
  const key = join(folder, "tls.key");
  const certificate = join(folder, "tls.crt");
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", certificate], {
    stdio: "pipe",
  });
  return { key, certificate, ca: readFileSync(certificate, "utf8") };
}
