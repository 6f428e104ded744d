package com.example;

import org.lora4j.nn.Network;

/** Calls the library first. Without a backend on the class path, this ends with advice. */
public final class WithoutBackend {
    private WithoutBackend() {}

    public static void main(String[] args) {
        System.out.println(Network.builder(2).linear("linear", 2).build(1));
    }
}
