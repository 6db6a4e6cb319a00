"""Small template files for tests."""


def letter(body: str, *, subject: str = "A subject", preheader: str = "A line") -> str:
    return f"---\nsubject: {subject}\npreheader: {preheader}\nlayout: letter\n---\n{body}\n"


def service(body: str, *, front: str = "", subject: str = "A subject") -> str:
    head = f"---\nsubject: {subject}\npreheader: A line\nlayout: service\n"
    return f"{head}{front.strip()}\n---\n{body}\n" if front else f"{head}---\n{body}\n"
