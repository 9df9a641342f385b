/**
 * One short answer for every algorithm and key length that an engine may claim. All of them are in `src/vectors` too, among
 * the others of their source.
 */
import type { VectorJson } from './vector.ts';

export const KNOWN_ANSWERS: readonly VectorJson[] = [
  {
    source: 'RFC 2410, test vectors of the NULL algorithm',
    kind: 'cipher',
    algorithm: 'null',
    cases: [{ name: 'test case 1', key: '', iv: '', plaintext: '0123456789abcdef', ciphertext: '0123456789abcdef' }],
  },
  {
    source: 'draft-mcgrew-gcm-test-01 section 4',
    kind: 'aead',
    algorithm: 'aes-gcm',
    cases: [
      {
        name: 'case 12: ESP, SPI 335467ae, sequence number ffffffff',
        key: '7d773d00c144c525ac619d18c84a3f47',
        iv: 'd966426743457e9182443bc6',
        aad: '335467aeffffffff',
        plaintext: '01020201',
        ciphertext: '437f866b',
        tag: 'cb3f699fe9b0822bac961c4504bef270',
      },
    ],
  },
  {
    source: 'draft-mcgrew-gcm-test-01 section 4',
    kind: 'aead',
    algorithm: 'aes-gcm',
    cases: [
      {
        name: 'case 7: ESP, SPI 0000a5f8, sequence number 0000000a',
        key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c',
        iv: 'cafebabefacedbaddecaf888',
        aad: '0000a5f80000000a',
        plaintext: '45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001',
        ciphertext: 'a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77',
        tag: '95457b9652037f5318027b5b4cd7a636',
      },
    ],
  },
  {
    source: 'draft-mcgrew-gcm-test-01 section 4',
    kind: 'aead',
    algorithm: 'aes-gcm',
    cases: [
      {
        name: 'case 3: ESP, SPI 4a2cbfe3, sequence number 00000002',
        key: 'abbccddef00112233445566778899aababbccddef00112233445566778899aab',
        iv: '112233440102030405060708',
        aad: '4a2cbfe300000002',
        plaintext:
          '4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201',
        ciphertext:
          'ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e',
        tag: 'b335f4eecfdbf831824b4c4915956c96',
      },
    ],
  },
  {
    source: 'RFC 3610 section 8, packet vectors 1 to 24',
    kind: 'aead',
    algorithm: 'aes-ccm',
    cases: [
      {
        name: 'packet vector 1',
        key: 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf',
        iv: '00000003020100a0a1a2a3a4a5',
        aad: '0001020304050607',
        plaintext: '08090a0b0c0d0e0f101112131415161718191a1b1c1d1e',
        ciphertext: '588c979a61c663d2f066d0c2c0f989806d5f6b61dac384',
        tag: '17e8d12cfdf926e0',
      },
    ],
  },
  {
    source: 'NIST CAVP ccmtestvectors, DVPT128.rsp, DVPT192.rsp and DVPT256.rsp (CAVS 11.0, 15 March 2011)',
    kind: 'aead',
    algorithm: 'aes-ccm',
    cases: [
      {
        name: 'DVPT192 Alen 32 Plen 24 Nlen 13 Tlen 4 Count 210',
        key: 'a7aa635ea51b0bb20a092bd5573e728ccd4b3e8cdd2ab33d',
        iv: '5a8aa485c316e9403aff859fbb',
        aad: 'a16a2e741f1cd9717285b6d882c1fc53655e9773761ad697a7ee6410184c7982',
        plaintext: '8739b4bea1a099fe547499cbc6d1b13d849b8084c9b6acc5',
        ciphertext: '16e543d0e20615ff0df15acd9927ddfe40668a54bb854ccc',
        tag: 'c25e9fce',
      },
    ],
  },
  {
    source: 'NIST CAVP ccmtestvectors, DVPT128.rsp, DVPT192.rsp and DVPT256.rsp (CAVS 11.0, 15 March 2011)',
    kind: 'aead',
    algorithm: 'aes-ccm',
    cases: [
      {
        name: 'DVPT256 Alen 32 Plen 24 Nlen 7 Tlen 16 Count 195',
        key: '705334e30f53dd2f92d190d2c1437c8772f940c55aa35e562214ed45bd458ffe',
        iv: 'a544218dadd3c1',
        aad: 'd3d5424e20fbec43ae495353ed830271515ab104f8860c988d15b6d36c038eab',
        plaintext: '78c46e3249ca28e1ef0531d80fd37c124d9aecb7be6668e3',
        ciphertext: '3341168eb8c48468c414347fb08f71d2086f7c2d1bd581ce',
        tag: '1ac68bd42f5ec7fa7e068cc0ecd79c2a',
      },
    ],
  },
  {
    source: 'RFC 8439 sections 2.8.2 and A.5',
    kind: 'aead',
    algorithm: 'chacha20-poly1305',
    cases: [
      {
        name: 'RFC 7634 appendix B: IKEv2',
        key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
        iv: 'a0a1a2a31011121314151617',
        aad: 'c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029',
        plaintext: '0000000c000040010000000a00',
        ciphertext: '610394701f8d017f7c12924889',
        tag: '6b71bfe25236efd7cdc67066906315b2',
      },
    ],
  },
  {
    source: 'RFC 3602 section 4',
    kind: 'cipher',
    algorithm: 'aes-cbc',
    cases: [
      {
        name: 'case 2',
        key: 'c286696d887c9aa0611bbb3e2025a45a',
        iv: '562e17996d093d28ddb3ba695a2e6f58',
        plaintext: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
        ciphertext: 'd296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1',
      },
    ],
  },
  {
    source: 'NIST CAVP aesmmt, CBCMMT128.rsp, CBCMMT192.rsp and CBCMMT256.rsp (CAVS 11.1, AESVS MMT)',
    kind: 'cipher',
    algorithm: 'aes-cbc',
    cases: [
      {
        name: 'CBCMMT192 encrypt Count 1',
        key: 'eab3b19c581aa873e1981c83ab8d83bbf8025111fb2e6b21',
        iv: 'f3d6667e8d4d791e60f7505ba383eb05',
        plaintext: '9d4e4cccd1682321856df069e3f1c6fa391a083a9fb02d59db74c14081b3acc4',
        ciphertext: '51d44779f90d40a80048276c035cb49ca2a47bcb9b9cf7270b9144793787d53f',
      },
    ],
  },
  {
    source: 'NIST CAVP aesmmt, CBCMMT128.rsp, CBCMMT192.rsp and CBCMMT256.rsp (CAVS 11.1, AESVS MMT)',
    kind: 'cipher',
    algorithm: 'aes-cbc',
    cases: [
      {
        name: 'CBCMMT256 encrypt Count 1',
        key: 'dce26c6b4cfb286510da4eecd2cffe6cdf430f33db9b5f77b460679bd49d13ae',
        iv: 'fdeaa134c8d7379d457175fd1a57d3fc',
        plaintext: '50e9eee1ac528009e8cbcd356975881f957254b13f91d7c6662d10312052eb00',
        ciphertext: '2fa0df722a9fd3b64cb18fb2b3db55ff2267422757289413f8f657507412a64c',
      },
    ],
  },
  {
    source: 'RFC 3686 section 6',
    kind: 'cipher',
    algorithm: 'aes-ctr',
    cases: [
      {
        name: 'test vector 3',
        key: '7691be035e5020a8ac6e618529f9a0dc',
        iv: '00e0017b27777f3f4a1786f000000001',
        plaintext: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223',
        ciphertext: 'c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f',
      },
    ],
  },
  {
    source: 'RFC 3686 section 6',
    kind: 'cipher',
    algorithm: 'aes-ctr',
    cases: [
      {
        name: 'test vector 6',
        key: '02bf391ee8ecb159b959617b0965279bf59b60a786d3e0fe',
        iv: '0007bdfd5cbd60278dcc091200000001',
        plaintext: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223',
        ciphertext: '96893fc55e5c722f540b7dd1ddf7e758d288bc95c69165884536c811662f2188abee0935',
      },
    ],
  },
  {
    source: 'RFC 3686 section 6',
    kind: 'cipher',
    algorithm: 'aes-ctr',
    cases: [
      {
        name: 'test vector 9',
        key: 'ff7a617ce69148e4f1726e2f43581de2aa62d9f805532edff1eed687fb54153d',
        iv: '001cc5b751a51d70a1c1114800000001',
        plaintext: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223',
        ciphertext: 'eb6c52821d0bbbf7ce7594462aca4faab407df866569fd07f48cc0b583d6071f1ec0e6b8',
      },
    ],
  },
  {
    source: 'NIST CAVP tdesmmt, TCBCMMT3.rsp (CAVS 11.1, 21 April 2011)',
    kind: 'cipher',
    algorithm: '3des-cbc',
    cases: [
      {
        name: 'TCBCMMT3 encrypt Count 2',
        key: '1a5d4c0825072a15a8ad9dfdaeda8c048adffb85bc4fced0',
        iv: '7fcfa736f7548b6f',
        plaintext: '983c3edacd939406010e1bc6ff9e12320ac5008117fa8f84',
        ciphertext: 'd84fa24f38cf451ca2c9adc960120bd8ff9871584fe31cee',
      },
    ],
  },
  {
    source: 'FIPS 81 table C1',
    kind: 'cipher',
    algorithm: 'des-cbc',
    cases: [
      {
        name: 'FIPS 81 table C1',
        key: '0123456789abcdef',
        iv: '1234567890abcdef',
        plaintext: '4e6f77206973207468652074696d6520666f7220616c6c20',
        ciphertext: 'e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6',
      },
    ],
  },
  {
    source: 'RFC 2202 section 3',
    kind: 'auth',
    algorithm: 'hmac-sha1',
    cases: [
      {
        name: 'Len 224, key of 4 bytes',
        key: '4a656665',
        message: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
        tag: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
      },
    ],
  },
  {
    source: 'RFC 4231 section 4',
    kind: 'auth',
    algorithm: 'hmac-sha256',
    cases: [
      {
        name: 'Len 224, key of 4 bytes',
        key: '4a656665',
        message: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
        tag: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      },
    ],
  },
  {
    source: 'RFC 4231 section 4',
    kind: 'auth',
    algorithm: 'hmac-sha384',
    cases: [
      {
        name: 'Len 224, key of 4 bytes',
        key: '4a656665',
        message: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
        tag: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
      },
    ],
  },
  {
    source: 'RFC 4231 section 4',
    kind: 'auth',
    algorithm: 'hmac-sha512',
    cases: [
      {
        name: 'Len 224, key of 4 bytes',
        key: '4a656665',
        message: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
        tag: '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
      },
    ],
  },
  {
    source: 'draft-mcgrew-gcm-test-01 section 4',
    kind: 'auth',
    algorithm: 'aes-gmac',
    cases: [
      {
        name: 'ESP, SPI 00004321, sequence number 00000007',
        key: '4c80cdefbb5d10da906ac73c3613a634',
        iv: '22433c640000000000000000',
        message:
          '0000432100000007000000000000000045000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201',
        tag: 'f2a9a836e155106aa8dcd618e4099aaa',
      },
    ],
  },
  {
    source: 'NIST CAVP gcmtestvectors, gcmEncryptExtIV128.rsp, 192 and 256 (CAVS 14.0, 31 August 2012)',
    kind: 'auth',
    algorithm: 'aes-gmac',
    cases: [
      {
        name: '192 AADlen 128 Count 0',
        key: '41c5da8667ef725220ffe39ae0ac590ac9fca729ab60ada0',
        iv: '05ad13a5e2c2ab667e1a6fbc',
        message: '8b5c124bef6e2f0fe4d8c95cd5fa4cf1',
        tag: '204bdb1bd62154bf08922aaa54eed705',
      },
    ],
  },
  {
    source: 'NIST CAVP gcmtestvectors, gcmEncryptExtIV128.rsp, 192 and 256 (CAVS 14.0, 31 August 2012)',
    kind: 'auth',
    algorithm: 'aes-gmac',
    cases: [
      {
        name: '256 AADlen 128 Count 0',
        key: '78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223',
        iv: 'd79cf22d504cc793c3fb6c8a',
        message: 'b96baa8c1c75a671bfb2d08d06be5f36',
        tag: '3e5d486aa2e30b22e040b85723a06e76',
      },
    ],
  },
  {
    source: 'RFC 3566 section 4.6',
    kind: 'auth',
    algorithm: 'aes-xcbc-mac',
    cases: [
      {
        name: 'test case 4: 20 bytes',
        key: '000102030405060708090a0b0c0d0e0f',
        message: '000102030405060708090a0b0c0d0e0f10111213',
        tag: '47f51b4564966215b8985c63',
      },
    ],
  },
  {
    source: 'RFC 3566 section 4.6',
    kind: 'auth',
    algorithm: 'aes-xcbc-mac',
    cases: [
      {
        name: 'test case 5: 32 bytes',
        key: '000102030405060708090a0b0c0d0e0f',
        message: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
        tag: 'f54f0ec8d2b9f3d36807734b',
      },
    ],
  },
];
