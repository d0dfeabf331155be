"""What deploy/ holds, given to the programs that will read it.

    tests/deploy/check.py RETUNE

- the unit: systemd-analyze verify, and its score of what an intruder could do
- Kubernetes: kubectl kustomize, and Kubernetes' own schemas, strictly
- the Dockerfile: hadolint
- the ConfigMap of `retune outputs`: as Kubernetes

Each check is then given a broken copy, and must refuse it. Needs systemd,
kubectl (Debian: kubernetes-client) and what requirements.txt names.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNIT = "systemd/retune.service"
INSTALLED = "/usr/local/bin/retune"

# Tenths, from 0 (nothing reachable) to 100. What remains is the network and
# the host's own /usr, which the program needs.
EXPOSURE = 13

# The newest that the schemas know, and the oldest that is still in wide use.
KUBERNETES = ["1.37", "1.30"]

# A copy that each check must refuse: the check, the file, what is there, what
# is there instead.
BROKEN = [
    ("verify", UNIT, "ProtectSystem=strict", "ProtectSystems=strict"),
    ("verify", UNIT, "WatchdogSec=120", "WatchdogSec=often"),
    ("verify", UNIT, f"ExecStart={INSTALLED}", "ExecStart=retune/bin"),
    ("exposure", UNIT, "CapabilityBoundingSet=", "#"),
    ("exposure", UNIT, "RestrictNamespaces=yes", "#"),
    ("kubernetes", "kubernetes/kustomization.yaml", "- service.yaml", "- services.yaml"),
    ("kubernetes", "kubernetes/deployment.yaml", "readOnlyRootFilesystem", "readonlyRootFilesystem"),
    ("kubernetes", "kubernetes/deployment.yaml", "periodSeconds: 20", "periodSeconds: 20s"),
    ("kubernetes", "kubernetes/networkpolicy.yaml", "cidr:", "cidrs:"),
    ("kubernetes", "kubernetes/service.yaml", "targetPort:", "targetport:"),
    ("dockerfile", "Dockerfile", "FROM rust:1.95.0-slim-bookworm", "FROM rust"),
    ("dockerfile", "Dockerfile", "WORKDIR /build", "WORKDIR build"),
]


class Refused(Exception):
    """What a program said."""


def run(*command, quiet=False):
    """Runs a program; one that fails refuses, and so does one that must be
    quiet and is not."""
    done = subprocess.run(command, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0 or (quiet and said):
        raise Refused(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {said}")
    return done.stdout


def beside(name):
    """A program that pip has installed beside this Python."""
    return str(pathlib.Path(sys.executable).parent / name)


def verify(deploy, retune):
    """The unit, with the program where it is here."""
    unit = deploy / UNIT
    unit.write_text(unit.read_text().replace(f"={INSTALLED} ", f"={retune} "))
    # A line that is not understood is a warning, and not obeyed.
    run("systemd-analyze", "--man=no", "verify", str(unit), quiet=True)
    return "nothing to complain of"


def exposure(deploy, retune):
    threshold = f"--threshold={EXPOSURE}"
    said = run("systemd-analyze", "security", "--offline=true", threshold, str(deploy / UNIT))
    return said.strip().splitlines()[-1].strip("→ ")


def valid(folder):
    """What kustomize makes of a folder, when Kubernetes takes it."""
    text = run("kubectl", "kustomize", str(folder))
    resources = folder.parent / "resources.yaml"
    resources.write_text(text)
    validate = [beside("kubernetes-validate"), "--strict", "--quiet"]
    for version in KUBERNETES:
        run(*validate, "-k", version, str(resources))
    return text


def kubernetes(deploy, retune):
    text = valid(deploy / "kubernetes")
    return f"{len(text.split(chr(10) + '---'))} resources, for Kubernetes {' and '.join(KUBERNETES)}"


WANTED = """\
apiVersion: retune.dev/v1
kind: TunedModel
metadata: {name: support-faq}
spec:
  project: acme-ml
  location: us-central1
  baseModel: gemini-3.5-flash
  supervisedTuningSpec:
    trainingDatasetUri: gs://acme-ml/faq/train.jsonl
    hyperParameters: {epochCount: 2}
"""


def configmap(deploy, retune):
    """What `retune outputs` writes of a model that the emulator has tuned."""
    folder = deploy / "outputs"
    folder.mkdir()
    manifest = deploy / "support-faq.yaml"
    manifest.write_text(WANTED)
    run("env", "-C", str(deploy), retune, "apply", "--emulator", "--yes", "--wait", str(manifest))
    asked = ["outputs", "--emulator", "--manifests", str(manifest), "--format", "configmap"]
    file = folder / "outputs.yaml"
    run("env", "-C", str(deploy), retune, *asked, "--require-ready", "--write", str(file))
    (folder / "kustomization.yaml").write_text("resources: [outputs.yaml]\n")
    text = valid(folder)
    if "RETUNE_SUPPORT_FAQ_CHECKPOINT_2_ENDPOINT: projects/" not in text:
        raise Refused(f"no endpoint in it: {text}")
    # The same with a value that is no text.
    quoted = "READY: 'true'" if "READY: 'true'" in file.read_text() else 'READY: "true"'
    file.write_text(file.read_text().replace(quoted, "READY: true"))
    try:
        valid(folder)
    except Refused:
        return f"{text.count('RETUNE_')} variables, and a truth value is refused"
    raise Refused("a truth value is taken")


def dockerfile(deploy, retune):
    run(beside("hadolint"), "--no-color", str(deploy / "Dockerfile"), quiet=True)
    return "nothing to complain of"


CHECKS = {check.__name__: check for check in (verify, exposure, kubernetes, configmap, dockerfile)}


def checked(name, retune, broken=None):
    """Runs a check on a copy, in which something may be broken."""
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory) / "deploy"
        shutil.copytree(DEPLOY, copy)
        if broken:
            file, there, instead = broken
            text = (copy / file).read_text()
            assert there in text, f"{file} has no `{there}` to break"
            (copy / file).write_text(text.replace(there, instead, 1))
        return CHECKS[name](copy, retune)


def main():
    retune = str(pathlib.Path(sys.argv[1]).resolve())
    for program, package in [("systemd-analyze", "systemd"), ("kubectl", "kubernetes-client")]:
        if not shutil.which(program):
            sys.exit(f"there is no {program}: install Debian's {package}")
    failures = 0
    for name in CHECKS:
        try:
            print(f"ok      {name}: {checked(name, retune)}")
        except Refused as refused:
            failures += 1
            print(f"FAILED  {name}: {refused}")
    for name, *broken in BROKEN:
        file, there, instead = broken
        change = f"{name}: {file} with `{instead}` for `{there}`"
        try:
            checked(name, retune, broken)
        except Refused as refused:
            print(f"ok      {change} is refused: {' '.join(str(refused).split())[-160:]}")
        else:
            failures += 1
            print(f"FAILED  {change} is taken")
    sys.exit(1 if failures else 0)


main()
