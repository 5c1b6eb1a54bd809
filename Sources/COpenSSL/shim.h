#ifndef GODWIT_COPENSSL_SHIM_H
#define GODWIT_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

// Much of OpenSSL's interface is macros over `ctrl` functions, which Swift cannot see. One inline function each.

static inline int godwit_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int godwit_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline int godwit_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

static inline int godwit_SSL_CTX_set1_sigalgs_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_sigalgs_list(context, list);
}

static inline long godwit_SSL_CTX_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }

static inline long godwit_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}

static inline int godwit_SSL_CTX_add1_chain_cert(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline int godwit_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline long godwit_SSL_CTX_set_timeout(SSL_CTX *context, long seconds) {
    return SSL_CTX_set_timeout(context, seconds);
}

// Prepares the authentication of a session ticket: HMAC with SHA-256. 1 when it worked.
static inline int godwit_ticket_mac_init(EVP_MAC_CTX *context, const unsigned char *key, size_t key_length) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, key_length);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(context, parameters);
}

static const uint64_t godwit_SSL_OP_NO_ANTI_REPLAY = SSL_OP_NO_ANTI_REPLAY;
static const uint64_t godwit_SSL_OP_ENABLE_MIDDLEBOX_COMPAT = SSL_OP_ENABLE_MIDDLEBOX_COMPAT;

static inline size_t godwit_BIO_pending(BIO *bio) { return (size_t)BIO_ctrl_pending(bio); }

static inline long godwit_BIO_set_mem_eof_return(BIO *bio, int value) { return BIO_set_mem_eof_return(bio, value); }

static inline EVP_PKEY *godwit_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }

static inline int godwit_ERR_GET_REASON(unsigned long code) { return ERR_GET_REASON(code); }

static inline int godwit_ERR_GET_LIB(unsigned long code) { return ERR_GET_LIB(code); }

// SHA-256 of the certificate's DER SubjectPublicKeyInfo; 1 when it worked.
static inline int godwit_X509_public_key_digest(const X509 *certificate, unsigned char digest[32]) {
    unsigned char *der = NULL;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (length <= 0) return 0;
    SHA256(der, (size_t)length, digest);
    OPENSSL_free(der);
    return 1;
}

// Adds one subject alternative name: `address` (4 or 16 bytes) when `is_address`, else a DNS name. The value is taken as
// bytes, never as OpenSSL configuration text, so no name can smuggle in a second one. 1 when it worked.
static inline int godwit_X509_add_subject_alt_name(X509 *certificate, int is_address, const unsigned char *value,
                                                   int length) {
    int result = 0;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *string = is_address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (names && name && string && ASN1_STRING_set(string, value, length)) {
        GENERAL_NAME_set0_value(name, is_address ? GEN_IPADD : GEN_DNS, string);
        string = NULL;
        if (sk_GENERAL_NAME_push(names, name) > 0) {
            name = NULL;
            result = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
        }
    }
    ASN1_STRING_free(string);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return result;
}

// One half of HKDF with SHA-256 (RFC 5869); `mode` is EVP_KDF_HKDF_MODE_EXTRACT_ONLY or EVP_KDF_HKDF_MODE_EXPAND_ONLY,
// `extra` the salt of the first and the info of the second. 1 when it worked.
static inline int godwit_HKDF_SHA256(int mode, const unsigned char *key, size_t key_length, const unsigned char *extra,
                                     size_t extra_length, unsigned char *output, size_t output_length) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    EVP_KDF_free(kdf);
    if (!context) return 0;
    const char *const extra_name =
        mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_INFO;
    OSSL_PARAM parameters[5], *next = parameters;
    *next++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *next++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    *next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_length);
    if (extra_length > 0) *next++ = OSSL_PARAM_construct_octet_string(extra_name, (void *)extra, extra_length);
    *next = OSSL_PARAM_construct_end();
    const int result = EVP_KDF_derive(context, output, output_length, parameters);
    EVP_KDF_CTX_free(context);
    return result;
}

// Replaces OpenSSL's source of random bytes for the process. Deprecated in favour of providers, and marked so; it is still
// the only way that reaches every use of randomness, which the simulator needs.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline int godwit_RAND_set_rand_method(const RAND_METHOD *method) { return RAND_set_rand_method(method); }
static inline const RAND_METHOD *godwit_RAND_OpenSSL(void) { return RAND_OpenSSL(); }
#pragma clang diagnostic pop

#endif
