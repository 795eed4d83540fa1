"""An SFTP server that is not OpenSSH. Its one argument is JSON:

folder    what it serves
host_key  file of its private key
passwords user names with their passwords
questions the answers to ask for, question by question (keyboard-interactive)
ca        public key line of the authority whose certificates are let in

It writes the port of 127.0.0.1 it listens on to its standard output, then one line for each login, and ends when its
standard input does.
"""

import asyncio
import json
import sys
import warnings

warnings.simplefilter("ignore")
import asyncssh  # noqa: E402


class Server(asyncssh.SSHServer):
    def __init__(self, settings):
        self.settings = settings
        self.way = "none"

    def begin_auth(self, username):
        self.username = username
        return True

    def password_auth_supported(self):
        return bool(self.settings.get("passwords"))

    def validate_password(self, username, password):
        self.way = "password"
        return self.settings["passwords"].get(username) == password

    def kbdint_auth_supported(self):
        return bool(self.settings.get("questions"))

    def get_kbdint_challenge(self, username, lang, submethods):
        prompts = [(question, False) for question in self.settings["questions"]]
        return "", "", "en-US", prompts

    def validate_kbdint_response(self, username, responses):
        self.way = "keyboard-interactive"
        return list(responses) == list(self.settings["questions"].values())

    def public_key_auth_supported(self):
        return "ca" in self.settings

    def validate_ca_key(self, username, key):
        self.way = "certificate"
        return key == asyncssh.import_public_key(self.settings["ca"])

    def auth_completed(self):
        print(f"accepted {self.way} for {self.username}", flush=True)


class Tree(asyncssh.SFTPServer):
    def __init__(self, channel):
        super().__init__(channel, chroot=SETTINGS["folder"])


SETTINGS = json.loads(sys.argv[1])


async def main():
    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[SETTINGS["host_key"]],
        server_factory=lambda: Server(SETTINGS),
        sftp_factory=Tree,
    )
    print(listener.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    listener.close()


asyncio.run(main())
