# librdkafka.redist: the C client under Confluent.Kafka, compiled from the source inside Confluent's npm package.
# It links to the system's libssl 3, libcurl 4, libzstd 1, liblz4 1 and zlib, which the -dev packages bring.
PACKAGES=(librdkafka.redist/2.15.1)

# What configure must have found for TLS, SASL and every compression codec to work.
LIBRDKAFKA_FEATURES=(ZLIB SSL ZSTD CURL LZ4_EXT SNAPPY SASL_SCRAM SASL_OAUTHBEARER OAUTHBEARER_OIDC)

make_packages() {
  local source=$WORK/librdkafka rid feature built_with
  rid=$(linux_rid)
  install_debian gcc g++ make pkg-config python3-minimal \
    libssl-dev zlib1g-dev libzstd-dev liblz4-dev libcurl4-openssl-dev
  require gcc "install a C compiler"
  require make "install GNU make"
  fetch_npm @confluentinc/kafka-javascript 1.10.1 \
    29578f5019f6d44a8254ff667f1cc4b8cdd26091c7105ed7fa2882d9ee374108034b211a92c2279821a8a13df0e6af9c340764482acaef58f42027eaa12a992f \
    "$WORK/kafka-javascript" deps/librdkafka
  mv "$WORK/kafka-javascript/deps/librdkafka" "$source"

  say "compiling librdkafka (under a minute on two cores)"
  # No Kerberos: it would tie every user to Cyrus SASL.
  (cd "$source" && quietly "$WORK/configure.log" bash ./configure --disable-gssapi)
  built_with=" $(sed -n 's/^BUILT_WITH=[[:space:]]*//p' "$source/Makefile.config" | tr -d '"') "
  for feature in "${LIBRDKAFKA_FEATURES[@]}"; do
    [[ $built_with == *" $feature "* ]] || die "librdkafka would lack $feature on this machine; install the headers" \
      "of OpenSSL, zlib, zstd, lz4 and libcurl (and pkg-config), then start again."
  done
  quietly "$WORK/make.log" make -C "$source/src" -j"$(nproc)" librdkafka.so.1
  strip --strip-debug -o "$source/librdkafka.so" "$source/src/librdkafka.so.1"

  pack packages/librdkafka/librdkafka.redist.csproj Source="$source" Rid="$rid"
}
