"""Certificates for tests, made with openssl: an authority and what it signs."""
import pathlib
import subprocess


def openssl(*arguments):
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


class Authority:
    def __init__(self, directory, name):
        self.path = pathlib.Path(directory) / name
        self.path.mkdir()
        self.certificate = self.path / "ca.pem"
        self.key = self.path / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
                "-out", self.certificate, "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, name, subject, alternative_names="DNS:localhost,IP:127.0.0.1", days=30):
        """(certificate, key): paths of PEM files. `days` below 0: it has expired."""
        certificate, key, request = (self.path / f"{name}.{ending}" for ending in ("pem", "key", "csr"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request,
                "-subj", subject)
        key.chmod(0o600)
        extensions = self.path / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative_names}\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-out", certificate,
                "-days", days, "-extfile", extensions)
        return certificate, key
