import {
  AesGcmCodec,
  IdentityCodec,
  ManagedAesGcmCodec,
} from "../../codec/mod.ts";
import { testPayloadCodec } from "../conformance/payload_codec.ts";
import { newKey } from "./_helpers.ts";

const key = newKey();
const supports = { authenticated: true, randomized: true, encrypted: true };

testPayloadCodec({ name: "IdentityCodec", create: () => new IdentityCodec() });

testPayloadCodec({
  name: "AesGcmCodec",
  create: () => new AesGcmCodec(key),
  supports,
});

testPayloadCodec({
  name: "ManagedAesGcmCodec",
  create: () => new ManagedAesGcmCodec({ currentKeyId: "k1", key: () => key }),
  supports,
});

testPayloadCodec({
  name: "ManagedAesGcmCodec on a provider that answers with promises",
  create: () =>
    ManagedAesGcmCodec.open({
      currentKeyId: "k1",
      key: () => Promise.resolve(key),
    }),
  supports,
});
