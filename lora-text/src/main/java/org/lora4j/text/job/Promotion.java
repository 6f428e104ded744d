package org.lora4j.text.job;

/** Whether the adapter of a job takes the name under which clients ask for it, {@link JobRequest#serveAs}. */
public enum Promotion {
    /** Whatever it is like. */
    ALWAYS,
    /** If the rows that judge show that it is better than the model without it and than the adapter that has the name. */
    IF_BETTER,
    /** Not by itself; {@link Job#promote} does it. */
    NEVER
}
