"""From folders to decoded documents: the only part that touches untrusted files.

``sources`` reads what people wrote (``source.yml``), ``files`` finds what belongs to a source,
``decode`` turns bytes into text without losing one, ``read`` does both for a batch of files and
says why a file can't be used, ``archive`` keeps the raw bytes.
"""
