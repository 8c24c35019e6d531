# nusku_nng: libnng, and for the release that needs it what mends it (common/nng_mend.c). The calls between
# libnng's own files can be led there only in its archive, so that release is linked statically.
add_library(nusku_nng INTERFACE)
find_library(NNG_ARCHIVE libnng.a)
if(nng_VERSION VERSION_EQUAL 1.5.2 AND NNG_ARCHIVE)
  find_library(MBEDTLS mbedtls REQUIRED)
  find_library(MBEDX509 mbedx509 REQUIRED)
  find_library(MBEDCRYPTO mbedcrypto REQUIRED)
  add_library(nusku_nng_mend STATIC ${PROJECT_SOURCE_DIR}/common/nng_mend.c)
  target_link_libraries(nusku_nng_mend PRIVATE nusku_flags)
  target_link_libraries(nusku_nng INTERFACE
    -Wl,--wrap=nni_aio_begin ${NNG_ARCHIVE} nusku_nng_mend ${NNG_ARCHIVE}
    ${MBEDTLS} ${MBEDX509} ${MBEDCRYPTO} Threads::Threads)
else()
  target_link_libraries(nusku_nng INTERFACE nng::nng)
endif()
