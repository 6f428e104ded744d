package org.lora4j.cli.serve.files;

/** A file that is not kept. The message is for the client. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Reason {
        /** It is larger than a file may be. */
        TOO_LARGE,
        /** Its owner has as much as it may. */
        OWNER_FULL,
        /** Its owner has as many uploads at the same time as it may. */
        OWNER_BUSY,
        /** There are as many uploads at the same time as may be. */
        BUSY,
        /** The disk has no room. */
        DISK_FULL,
        /** The server stops, or the upload was given up. */
        CLOSED
    }

    private final Reason reason;

    StoreException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Returns why the file is not kept.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }
}
