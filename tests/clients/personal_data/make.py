"""Makes texts with personal data in them, each labelled, and texts without any, to measure what is found.

usage: make.py OUTPUT_FOLDER [--seed N] [--values N] [--benign N] [--without-keys]

Writes OUTPUT_FOLDER/labelled.jsonl ({"locale", "text", "spans": [{"start", "end", "kind"}]}, places in bytes of UTF-8) and
OUTPUT_FOLDER/benign.jsonl ({"text"}). The same seed gives the same files. Faker of the version below is fetched into an
environment of its own on the first run, if this Python has none."""

import argparse
import base64
import datetime
import ipaddress
import json
import os
import random
import string
import subprocess
import sys
import uuid

FAKER = "40.63.0"
# Faker's dates would else end today, and no two days would give the same files.
LAST_DAY = datetime.datetime(2026, 1, 1)
LOCALES = ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "ja_JP", "hi_IN", "zh_CN"]
DOCUMENTATION = [ipaddress.ip_network(name) for name in ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"]]
KINDS = ["email", "phone", "payment-card", "iban", "ip-address", "secret"]


def with_faker():
    """Starts this script again where Faker is."""
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "quern", f"faker-{FAKER}")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(os.path.join(folder, "whole")):
        print(f"fetching faker {FAKER} from PyPI into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"faker=={FAKER}"], check=True)
        open(os.path.join(folder, "whole"), "w").close()
    os.execv(python, [python, *sys.argv])


# What stands around a value. {0} is the value; the sentences of a kind name it in the locale's language or not at all.
PLAIN = {
    "en": ["My details: {0}.", "{0} is the one we have on file, please update it.", "Got it, {0}, thanks!", "- {0}\n- (none)", "He wrote \"{0}\" on a napkin and left."],
    "de": ["Unsere Angaben: {0}.", "Hier steht {0}, stimmt das noch?", "Danke, {0} habe ich notiert.", "Er schrieb „{0}“ auf einen Zettel."],
    "fr": ["Voici mes coordonnées : {0}.", "J'ai noté {0}, merci.", "Il a écrit « {0} » sur une serviette.", "C'est bien {0} ?"],
    "es": ["Mis datos: {0}.", "He apuntado {0}, gracias.", "¿Es correcto {0}?", "Escribió «{0}» en una servilleta."],
    "it": ["I miei dati: {0}.", "Ho segnato {0}, grazie.", "È giusto {0}?", "Ha scritto «{0}» su un foglietto."],
    "pt": ["Meus dados: {0}.", "Anotei {0}, obrigado.", "Está certo {0}?", "Ele escreveu \"{0}\" num papel."],
    "ja": ["こちらです：{0}。", "{0}でよろしいでしょうか。", "メモには「{0}」と書いてありました。"],
    "hi": ["मेरा विवरण: {0}।", "मैंने {0} लिख लिया, धन्यवाद।", "क्या {0} सही है?"],
    "zh": ["我的资料：{0}。", "已经记下{0}，谢谢！", "请核对{0}是否正确。"],
}
NAMED = {
    "email": {
        "en": ["Email me at {0} or drop by.", "Contact: {0}", "Send the invoice to {0}, not to me."],
        "de": ["Schreiben Sie an {0}.", "E-Mail: {0}"], "fr": ["Écrivez-moi à {0}.", "Courriel : {0}"],
        "es": ["Escríbeme a {0}.", "Correo: {0}"], "it": ["Scrivimi a {0}.", "Posta: {0}"], "pt": ["Escreva para {0}.", "E-mail: {0}"],
        "ja": ["{0}までご連絡ください。", "メール：{0}"], "hi": ["मुझे {0} पर लिखें।", "ईमेल: {0}"], "zh": ["请发邮件到{0}，谢谢。", "邮箱：{0}"],
    },
    "phone": {
        "en": ["Call me at {0} after six.", "Phone: {0}", "You can reach our office by phone, {0}, on weekdays."],
        "de": ["Rufen Sie mich unter {0} an.", "Tel.: {0}", "Meine Handynummer ist {0}."],
        "fr": ["Vous pouvez me joindre au {0}.", "Tél. : {0}", "Mon portable : {0}."],
        "es": ["Llámame al {0}.", "Teléfono: {0}", "Mi móvil es {0}."],
        "it": ["Chiamami al {0}.", "Tel: {0}", "Il mio cellulare è {0}."],
        "pt": ["Ligue para {0}.", "Telefone: {0}", "Meu celular é {0}."],
        "ja": ["電話は{0}です。", "TEL：{0}", "携帯 {0} におかけください。"],
        "hi": ["मुझे {0} पर कॉल करें।", "फ़ोन: {0}", "मेरा मोबाइल {0} है।"],
        "zh": ["我的手机号是{0}。", "电话：{0}", "请拨打{0}联系我们。"],
    },
    "payment-card": {
        "en": ["Charge my card {0}, please.", "Card number: {0}"], "de": ["Kreditkarte: {0}"], "fr": ["Carte : {0}"], "es": ["Tarjeta: {0}"],
        "it": ["Carta di credito: {0}"], "pt": ["Cartão: {0}"], "ja": ["カード番号：{0}"], "hi": ["कार्ड: {0}"], "zh": ["信用卡：{0}"],
    },
    "iban": {
        "en": ["Wire it to {0} by Friday.", "IBAN: {0}"], "de": ["IBAN {0}", "Bitte auf das Konto {0} überweisen."], "fr": ["IBAN : {0}"],
        "es": ["IBAN: {0}"], "it": ["IBAN: {0}"], "pt": ["IBAN: {0}"], "ja": ["IBAN：{0}"], "hi": ["IBAN: {0}"], "zh": ["IBAN：{0}"],
    },
    "ip-address": {
        "en": ["Login from {0} failed.", "The IP is {0}, port 443.", "ping {0}"], "de": ["Die IP-Adresse lautet {0}."], "fr": ["L'adresse IP est {0}."],
        "es": ["La IP es {0}."], "it": ["L'indirizzo IP è {0}."], "pt": ["O IP é {0}."], "ja": ["IPアドレスは{0}です。"], "hi": ["आईपी {0} है।"], "zh": ["IP地址是{0}。"],
    },
    "secret": {"en": ["Use this key: {0}", "export KEY={0}", "key = \"{0}\"  # do not commit"]},
}
FIELDS = {"email": "email", "phone": "phone", "payment-card": "card_number", "iban": "iban", "ip-address": "ip", "secret": "value"}


def luhn_digit(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


class Maker:
    def __init__(self, seed, with_keys):
        from faker import Faker

        self.random = random.Random(seed)
        self.with_keys = with_keys
        self.fakers = {}
        for place, locale in enumerate(LOCALES):
            self.fakers[locale] = Faker(locale)
            self.fakers[locale].seed_instance(seed * 1000 + place)

    def letters(self, alphabet, length):
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def email(self, fake):
        kind = self.random.randrange(6)
        if kind < 3:
            return fake.email(safe=False)
        if kind == 3:
            return fake.ascii_company_email()
        if kind == 4:
            return fake.ascii_free_email().replace("@", f"+{fake.random_int(1, 99)}@")
        return self.random.choice(["info", "jörg.weiß", "o'neil", "anna_k"]) + "@" + self.random.choice(["müller-bau.de", "café-paris.fr", "example.co.uk", "почта.рф", "mail.example.org"])

    def phone(self, fake):
        return fake.phone_number()

    def payment_card(self, fake):
        number = fake.credit_card_number()
        while number.startswith("35") and not 3528 <= int(number[:4]) <= 3589:
            # JCB has no other numbers that begin with 35; Faker makes some.
            number = fake.credit_card_number()
        style = self.random.randrange(3)
        if style == 0 or len(number) not in (15, 16):
            return number
        separator = " " if style == 1 else "-"
        groups = [number[:4], number[4:8], number[8:12], number[12:]] if len(number) == 16 else [number[:4], number[4:10], number[10:]]
        return separator.join(groups)

    def iban(self, fake):
        # Where Faker has no banks of a country, its numbers have a wrong length.
        number = (self.fakers["de_DE"] if fake is self.fakers["zh_CN"] else fake).iban()
        if self.random.random() < 0.5:
            return " ".join(number[place : place + 4] for place in range(0, len(number), 4))
        return number

    def ip_address(self, fake):
        while True:
            address = fake.ipv6() if self.random.random() < 0.3 else (fake.ipv4_public() if self.random.random() < 0.7 else fake.ipv4_private())
            parsed = ipaddress.ip_address(address)
            documentation = any(parsed in network for network in DOCUMENTATION if network.version == parsed.version)
            # Nobody's addresses are not to be found.
            if not (documentation or parsed.is_multicast or parsed.is_link_local or parsed.is_loopback or parsed.is_reserved and parsed.version == 4 or address.startswith("0.")):
                return address

    def secret(self, _fake):
        word = string.ascii_letters + string.digits
        url = word + "-_"
        hexadecimal = "0123456789abcdef"

        def token(name, payload):
            def part(value):
                return base64.urlsafe_b64encode(value).decode().rstrip("=")

            return f'{part(json.dumps(name).encode())}.{part(json.dumps(payload).encode())}.{self.letters(url, 42)}w'

        # Beginnings are written in two, so that no scanner of this file stops at them.
        makers = [
            lambda: "sk-" + "proj-" + self.letters(url, 73) + "T3BlbkFJ" + self.letters(word, 74),
            lambda: "sk-" + self.letters(word, 20) + "T3BlbkFJ" + self.letters(word, 20),
            lambda: "sk-" + "ant-api03-" + self.letters(url, 93) + "AA",
            lambda: "hf" + "_" + self.letters(string.ascii_letters, 34),
            lambda: "gh" + self.random.choice("pousr") + "_" + self.letters(word, 36),
            lambda: "github" + "_pat_" + self.letters(word, 22) + "_" + self.letters(word, 59),
            lambda: "gl" + "pat-" + self.letters(word, 20),
            lambda: "xo" + "xb-" + self.letters(string.digits, 12) + "-" + self.letters(string.digits, 12) + "-" + self.letters(word, 24),
            lambda: self.random.choice("sr") + "k_" + self.random.choice(["live", "test"]) + "_" + self.letters(word, 24),
            lambda: self.random.choice(["AK", "AS"]) + "IA" + self.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
            lambda: "AI" + "za" + self.letters(word, 35),
            lambda: "np" + "m_" + self.letters(word, 36),
            lambda: "pypi" + "-AgEIcHlwaS5vcmc" + self.letters(url, 139) + "w",
            lambda: "SG" + "." + self.letters(word, 22) + "." + self.letters(word, 43),
            lambda: "SK" + self.letters(hexadecimal, 32),
            lambda: token({"alg": "HS256", "typ": "JWT"}, {"sub": self.letters(string.digits, 10), "iat": 1700000000}),
            lambda: "-----BEGIN " + "PRIVATE KEY-----\n" + "\n".join(self.letters(word + "+/", 64) for _ in range(12)) + "\n-----END PRIVATE KEY-----",
        ]
        return self.random.choice(makers)()

    def assigned_secret(self):
        """A password or a key without a known beginning, and what is before and after it."""
        word = string.ascii_letters + string.digits
        if self.random.random() < 0.5:
            value = self.fakers["en_US"].password(length=self.random.randrange(8, 17))
            # What ends a value where there are no quotation marks, or means something else in a file of settings.
            value = "".join(letter for letter in value if letter not in "()[]{}<>|&;,'\"`$%@")
            value = "a" + value + "7"
            name = self.random.choice(["password", "DB_PASSWORD", "passwd", "smtp_pwd", "Password"])
        else:
            value = self.letters(word, self.random.randrange(24, 49))
            name = self.random.choice(["api_key", "API_KEY", "client_secret", "auth_token", "secret_key", "apiKey", "access_token"])
        before, after = self.random.choice([(f"{name} = \"", "\""), (f"{name}: ", "\n"), (f"{name}={''}", "\n"), (f'{{"{name}": "', '"}'), (f"--{name}={''}", " --verbose")])
        return before, value, after

    def value(self, kind, fake):
        return getattr(self, kind.replace("-", "_"))(fake)

    def labelled(self, values):
        for locale in LOCALES:
            for kind in KINDS:
                for _ in range(values if kind != "secret" or locale == "en_US" else values // 10):
                    yield self.one(locale, kind)
            for _ in range(values // 4):
                yield self.signature(locale)

    def one(self, locale, kind):
        fake, language = self.fakers[locale], locale[:2]
        if kind == "secret" and (not self.with_keys or self.random.random() < 0.3):
            return self.text(locale, [*zip(self.assigned_secret(), (None, kind, None))])
        value = self.value(kind, fake)
        style = self.random.randrange(10)
        if style < 4:
            frame = self.random.choice(NAMED[kind].get(language) or NAMED[kind]["en"])
        elif style < 7:
            frame = self.random.choice(PLAIN[language])
        elif style == 7:
            frame = '{{"id": 17, "' + FIELDS[kind] + '": "{0}", "active": true}}'
        elif style == 8:
            frame = "| " + fake.name() + " | {0} | 2024-03-0" + str(self.random.randrange(1, 10)) + " |"
        else:
            frame = fake.sentence() + " {0} " + fake.sentence()
        before, after = frame.split("{0}")
        if style == 7:
            before, after = before.replace("{{", "{"), after.replace("}}", "}")
        if "\n" in value and style == 7:
            value = value.replace("\n", "\\n")
        return self.text(locale, [(before, None), (value, kind), (after, None)])

    def signature(self, locale):
        fake = self.fakers[locale]
        return self.text(locale, [
            (f"{fake.name()}\n{fake.company()}\n{fake.address()}\nT: ", None), (self.phone(fake), "phone"), ("\n", None),
            (self.email(fake), "email"), ("\n", None),
        ])

    def text(self, locale, parts):
        text, spans = b"", []
        for part, kind in parts:
            start = len(text)
            text += part.encode()
            if kind:
                spans.append({"start": start, "end": len(text), "kind": kind})
        return {"locale": locale, "text": text.decode(), "spans": spans}

    def benign(self, count):
        chance = self.random
        for _ in range(count):
            fake = self.fakers[chance.choice(LOCALES)]
            number = lambda least, most: chance.randint(least, most)
            isbn13, isbn10 = fake.isbn13(), fake.isbn10()
            makers = [
                lambda: fake.paragraph(nb_sentences=5),
                lambda: fake.paragraph(nb_sentences=3) + f" ({number(1900, 2030)}–{number(1900, 2030)})",
                lambda: f"On {fake.date(end_datetime=LAST_DAY)} at {fake.time(end_datetime=LAST_DAY)} it cost ${number(1, 9999):,}.{number(0, 99):02}, later €{number(1, 999)}.{number(100, 999)},00.",
                lambda: f"Am {number(1, 28):02}.{number(1, 12):02}.{number(1950, 2030)} um {number(0, 23)}:{number(0, 59):02} Uhr, {number(1, 999)} {number(100, 999)} {number(100, 999)} Einwohner.",
                lambda: f"Released version {number(0, 20)}.{number(0, 20)}.{number(0, 20)}.{number(0, 200)}; upgrade from v{number(0, 9)}.{number(0, 30)}.{number(0, 9)}-rc.{number(1, 9)}.",
                lambda: f"numpy=={number(1, 2)}.{number(0, 30)}.{number(0, 9)}\ntorch>={number(1, 2)}.{number(0, 9)}.{number(0, 9)}.{number(1, 99)}\n{fake.word()}~={number(1, 9)}.{number(0, 9)}",
                lambda: f"{fake.name()}: {fake.sentence()} ISBN {isbn13}, also {isbn10} and {isbn13.replace('-', '')}.",
                lambda: f"commit {fake.sha1()}\nmd5 {fake.md5()}\nsha256:{fake.sha256()}",
                lambda: f"id: {uuid.UUID(int=chance.getrandbits(128), version=4)}\n{{{str(uuid.UUID(int=chance.getrandbits(128), version=4)).upper()}}}",
                lambda: f"Order {number(100, 999)}-{number(1000000, 9999999)}-{number(1000000, 9999999)}, tracking 1Z{number(100, 999)}AA{number(1000000000, 9999999999)}.",
                lambda: f"Order no. {number(1000000000, 9999999999)}, invoice {number(2000, 2030)}-{number(10000, 99999)}, ticket #{number(100000, 999999)}.",
                lambda: f"Your order #{number(200, 999)}-{number(200, 999)}-{number(1000, 9999)} has shipped; reference {number(10**15, 10**16 - 1)}.",
                lambda: f"Bestellnummer {number(10**9, 10**10 - 1)}, Artikel {number(10**12, 10**13 - 1)}, PLZ {number(10000, 99999)}.",
                lambda: f"f(x) = {number(1, 99)}x^2 + {number(1, 99)}x - {number(1, 9999)}; pi = 3.14159265358979, e = 2.718281828459045",
                lambda: f"Compute {number(10**6, 10**9)} + {number(10**6, 10**9)} = {number(10**7, 10**10)}, then 1e-{number(3, 12)} * {chance.random():.16f}.",
                lambda: f"def {fake.word()}(a: int, b=None):\n    return self.token_{number(1, 9)} == other[{number(0, 99)}::2]\n\n@app.route(\"/{fake.word()}\")\n",
                lambda: f"std::vector<std::pair<int, float>> v = {{{{{number(0, 9)}, {chance.random():.3f}f}}}};  // see a::b::c",
                lambda: f"{fake.file_path(depth=3)} C:\\Users\\{fake.word()}\\v{number(1, 9)}.{number(0, 9)}\\{fake.file_name()} icon@2x.png",
                lambda: f"Time {number(0, 23):02}:{number(0, 59):02}:{number(0, 59):02}, epoch {number(10**9, 2 * 10**9)}, ms {number(10**12, 2 * 10**12)}.",
                lambda: f"MAC {fake.mac_address()}, localhost 127.0.0.1:8080, mask 255.255.255.0, docs 192.0.2.{number(1, 254)} and 2001:db8::{number(1, 99)}",
                lambda: f"{number(1, 99)}° {number(0, 59)}′ N, {number(-90, 90)}.{number(10**5, 10**6)}, {number(-180, 180)}.{number(10**5, 10**6)}",
                lambda: f"Matthew {number(1, 28)}:{number(1, 40)}-{number(41, 60)}; pp. {number(100, 400)}-{number(401, 999)}; vol. {number(1, 99)}({number(1, 12)}):{number(1000, 4000)}–{number(4001, 9999)}.",
                lambda: f"doi:10.{number(1000, 9999)}/{fake.word()}.{number(2000, 2030)}.{number(10**6, 10**8)} arXiv:{number(1000, 2599)}.{number(10000, 99999)}",
                lambda: f"Password: must have {number(8, 16)} characters. token: string. The secret: practise. api_key = os.environ[\"API_KEY\"]",
                lambda: "\t".join(str(number(0, 10 ** chance.randint(1, 7))) for _ in range(12)),
                lambda: " ".join(f"{number(0, 99):02}" for _ in range(12)),
                lambda: f"GET /{fake.uri_path()}?page={number(1, 99)} HTTP/1.1 {number(200, 599)} {number(100, 99999)} \"Mozilla/5.0 Chrome/{number(80, 140)}.0.{number(1000, 6000)}.{number(10, 200)}\"",
                lambda: f"{fake.name()}, {fake.address()}".replace("\n", ", "),
                lambda: f"EAN {number(10**12, 10**13 - 1)}; {fake.license_plate() if hasattr(fake, 'license_plate') else fake.word()}; ISO 8601: {fake.iso8601(end_datetime=LAST_DAY)}",
                lambda: f"Section {number(1, 9)}.{number(1, 9)}.{number(1, 9)}.{number(1, 9)} of RFC {number(1000, 9999)}; § {number(1, 999)} Abs. {number(1, 9)}",
                lambda: f"Population {number(1, 9)},{number(100, 999)},{number(100, 999)}; {number(1, 9)}.{number(100, 999)}.{number(100, 999)} hab.; {number(100, 999)} {number(100, 999)} {number(100, 999)} km",
                lambda: json.dumps({"id": number(10**8, 10**10), "created": number(10**9, 2 * 10**9), "score": chance.random(), "hash": fake.md5()}),
            ]
            yield {"text": chance.choice(makers)()}


def write(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--values", type=int, default=200, help="of each kind and locale")
    parser.add_argument("--benign", type=int, default=20000, help="texts")
    parser.add_argument("--without-keys", action="store_true", help="none that scanners of repositories would stop at")
    options = parser.parse_args()
    maker = Maker(options.seed, not options.without_keys)
    os.makedirs(options.folder, exist_ok=True)
    write(os.path.join(options.folder, "labelled.jsonl"), maker.labelled(options.values))
    write(os.path.join(options.folder, "benign.jsonl"), maker.benign(options.benign))


if __name__ == "__main__":
    try:
        import faker

        has_faker = faker.VERSION == FAKER
    except ImportError:
        has_faker = False
    main() if has_faker else with_faker()
