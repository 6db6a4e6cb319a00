"""One pair of small files for each system that reports facts: ``*_verify`` and ``*_facts``."""
