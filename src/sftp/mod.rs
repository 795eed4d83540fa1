//! The SFTP protocol (draft-ietf-secsh-filexfer-02, version 3) over any byte stream.
